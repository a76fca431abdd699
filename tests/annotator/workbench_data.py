"""Trees in the database for the workbench's tests and its benchmark, written without an importer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from django.contrib.auth.models import User

from annotator.models import (
    ErrorType,
    Membership,
    Outcome,
    Problem,
    Project,
    RewardModel,
    Step,
    StepScore,
    TokenScore,
    Trace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Node:
    """A step to be written: its text, the number of its parent in the list (-1 = the problem)."""

    text: str
    parent: int = -1
    kind: str = "thought"
    value: float | None = None
    outcomes: Sequence[float | None] = field(default_factory=tuple)
    more: dict[str, Any] = field(default_factory=dict)


def member(project: Project, name: str, role: str) -> User:
    user, _ = User.objects.get_or_create(username=name)
    Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
    return user


def project_with_types(name: str = "Game of 24") -> Project:
    project = Project.objects.create(name=name)
    for at, key in enumerate(("arithmetic", "logic")):
        ErrorType.objects.create(project=project, key=key, label=key.title(), position=at)
    return project


def write_problem(
    project: Project, prompt: str, nodes: Sequence[Node], reference: str = ""
) -> tuple[Problem, list[Step]]:
    """Write ``nodes``, which must be in pre-order, and one trace per outcome of each."""
    shape = _shape(nodes)
    problem = Problem.objects.create(
        project=project,
        key=hashlib.blake2b(f"{prompt}\0{reference}".encode(), digest_size=16).digest(),
        prompt=prompt,
        reference=reference,
        n_steps=len(nodes),
        n_traces=sum(len(node.outcomes) for node in nodes),
        max_depth=int(max((d for d, _ in shape), default=0)),
    )
    first = (Step.objects.order_by("-id").values_list("id", flat=True).first() or 0) + 1
    steps = [
        Step(
            id=first + at,
            problem=problem,
            parent_id=None if node.parent < 0 else first + node.parent,
            preorder=at + 1,
            subtree_end=end + 1,
            depth=depth,
            kind=node.kind,
            text=node.text,
            text_hash=hashlib.blake2b(node.text.encode(), digest_size=16).digest(),
            value=node.value,
            **node.more,
        )
        for at, (node, (depth, end)) in enumerate(zip(nodes, shape, strict=True))
    ]
    Step.objects.bulk_create(steps, batch_size=2000)
    _move_sequence()
    _write_traces(problem, steps, nodes)
    return problem, steps


def _move_sequence() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('annotator_step', 'id'),"
            " (SELECT max(id) FROM annotator_step))"
        )


def _shape(nodes: Sequence[Node]) -> list[tuple[int, int]]:
    """Return depth and subtree end (0-based, half open) of every node."""
    depth = [0] * len(nodes)
    end = list(range(1, len(nodes) + 1))
    for at, node in enumerate(nodes):
        depth[at] = 1 if node.parent < 0 else depth[node.parent] + 1
    for at in range(len(nodes) - 1, -1, -1):
        if nodes[at].parent >= 0:
            end[nodes[at].parent] = max(end[nodes[at].parent], end[at])
    return list(zip(depth, end, strict=True))


def _write_traces(problem: Problem, steps: list[Step], nodes: Sequence[Node]) -> None:
    runs = [
        (step, value) for step, node in zip(steps, nodes, strict=True) for value in node.outcomes
    ]
    traces = Trace.objects.bulk_create(
        Trace(problem=problem, end=step, ordinal=at, model="sampler", key=f"t{at}")
        for at, (step, _) in enumerate(runs)
    )
    Outcome.objects.bulk_create(
        Outcome(trace=trace, name="correct", value=value, source="checker")
        for trace, (_, value) in zip(traces, runs, strict=True)
    )


def write_model(
    problem: Problem,
    steps: Sequence[Step],
    *,
    name: str = "tiny",
    tokens: bool = True,
    seed: int = 0,
) -> RewardModel:
    """Score ``steps`` with random but repeatable numbers; tokens are the words and the gaps."""
    rng = np.random.default_rng(seed)
    model = RewardModel.objects.create(project=problem.project, name=name, kind="prm", ready=True)
    scores = {
        step.pk: float(value) for step, value in zip(steps, rng.random(len(steps)), strict=True)
    }
    StepScore.objects.bulk_create(
        StepScore(step_id=pk, model=model, score=value) for pk, value in scores.items()
    )
    if tokens:
        TokenScore.objects.bulk_create(
            _token_score(step, model, scores, rng) for step in steps if step.text
        )
    return model


def _token_score(step: Step, model: RewardModel, scores: dict[int, float], rng: Any) -> TokenScore:
    cuts = list(range(3, len(step.text), 4))
    ends = np.array([*cuts, len(step.text)], "<i4")
    running = rng.random(len(ends)).astype("<f4")
    running[-1] = scores[step.pk]
    start = scores.get(step.parent_id or 0, 0.5)
    return TokenScore(
        step=step, model=model, start=start, ends=ends.tobytes(), running=running.tobytes()
    )


GAME = (
    Node("4 * 5 = 20 (left: 6 10 20)", value=1.0),
    Node("6 + 10 = 16 (left: 16 20)", 0, outcomes=[0.0]),
    Node("10 - 6 = 4 (left: 4 20)", 0, value=20.0),
    Node("4 + 20 = 24 (left: 24)", 2),
    Node("Answer: (4 * 5) + (10 - 6) = 24", 3, kind="answer", outcomes=[1.0]),
    Node("20 - 4 = 16 (left: 16)", 2, outcomes=[0.0]),
    Node("20 / 4 = 5 (left: 5)", 2, outcomes=[0.0]),
    Node("5 * 6 = 30 (left: 4 10 30)", outcomes=[0.0]),
)


def branching_nodes(count: int, *, seed: int = 0) -> list[Node]:
    """Return ``count`` nodes of a random tree in pre-order, some paths deep, leaves with outcomes."""
    rng = np.random.default_rng(seed)
    nodes: list[Node] = []
    open_path: list[int] = []
    for at in range(count):
        while open_path and (len(open_path) > 60 or rng.random() < 0.47):
            open_path.pop()
        parent = open_path[-1] if open_path else -1
        nodes.append(
            Node(f"Step {at}: add {at % 9} and carry \\(x_{{{at % 7}}}\\), costs $5.", parent)
        )
        open_path.append(at)
    leaves = set(range(count)) - {node.parent for node in nodes}
    for at in sorted(leaves):
        nodes[at].outcomes = [float(rng.random() < 0.4)]
    return nodes
