"""The smallest valid rows, and step trees from a one-line shape."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from annotator.models import Job, Membership, Outcome, Problem, Project, Step, Trace


def key_of(*texts: str) -> bytes:
    """Return the 16-byte key that the tables use for long texts."""
    return hashlib.blake2b("\x1f".join(texts).encode(), digest_size=16).digest()


class UserFactory(DjangoModelFactory[User]):
    """A person."""

    class Meta:
        model = get_user_model()

    username = Sequence(lambda n: f"person{n}")


class ProjectFactory(DjangoModelFactory[Project]):
    """A project without members."""

    class Meta:
        model = Project

    name = Sequence(lambda n: f"project {n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    """An owner of a project."""

    class Meta:
        model = Membership

    project = SubFactory(ProjectFactory)
    user = SubFactory(UserFactory)
    role = Membership.Role.OWNER


class ProblemFactory(DjangoModelFactory[Problem]):
    """A problem without steps; ``problem_with_tree`` adds them."""

    class Meta:
        model = Problem

    project = SubFactory(ProjectFactory)
    prompt = Sequence(lambda n: f"What is {n} + 1?")
    reference = ""
    key = LazyAttribute(lambda row: key_of(row.prompt, row.reference))


class JobFactory(DjangoModelFactory[Job]):
    """A queued import job."""

    class Meta:
        model = Job

    project = SubFactory(ProjectFactory)
    kind = Job.Kind.IMPORT


# A tree as nested lists: ["a", ["b", ["c"]], ["d"]] is a with children b (with c below) and d.
Shape = list[Any]


def problem_with_tree(*shapes: Shape, project: Project | None = None, **fields: Any) -> Problem:
    """Make a problem whose step tree has the given shapes below its root, one trace per leaf.

    Each shape is ``[text, child shape, …]``. Leaves get traces in pre-order with the outcome
    ``correct`` = 1.0 where the text ends in ``!`` and 0.0 elsewhere.
    """
    problem = ProblemFactory.create(**({"project": project} if project else {}), **fields)
    counter = 0

    def add(shape: Shape, parent: Step | None, depth: int) -> None:
        nonlocal counter
        counter += 1
        text, *children = shape
        step = Step.objects.create(
            problem=problem,
            parent=parent,
            preorder=counter,
            subtree_end=counter + 1,
            depth=depth,
            text=text,
            text_hash=key_of(text, "thought", "", ""),
        )
        for child in children:
            add(child, step, depth + 1)
        if counter + 1 != step.subtree_end:
            step.subtree_end = counter + 1
            step.save(update_fields=["subtree_end"])
        if not children:
            _trace(problem, step)
        problem.max_depth = max(problem.max_depth, depth)

    for shape in shapes:
        add(shape, None, 1)
    problem.n_steps = counter
    problem.n_traces = problem.traces.count()
    problem.save()
    return problem


def _trace(problem: Problem, end: Step) -> None:
    trace = Trace.objects.create(problem=problem, end=end, ordinal=problem.traces.count())
    Outcome.objects.create(trace=trace, name="correct", value=float(end.text.endswith("!")))
