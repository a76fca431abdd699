"""Stored attributions of a path, the running reward that scoring left, and what a method may be used for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db.models import OuterRef, Subquery

from annotator.models import (
    Attribution,
    FaithfulnessCard,
    Job,
    Problem,
    RewardModel,
    Step,
    TokenScore,
    Trace,
)
from scoring.attribution.choices import PREFIX, why_not
from scoring.attribution.faithfulness.base import PREFERRED
from scoring.attribution.registry import METHODS
from scoring.attribution.signals.stored import signal_from_stored
from scoring.attribution.stored import from_stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from annotator.models import Project
    from scoring.attribution.base import Attribution as Found
    from scoring.attribution.signals.base import Signal
    from scoring.tree import FloatArray, IntArray

PERCENTILE = 98.0  # as scoring.heatmap clips
RUNNING = "running_reward"
LONGEST_CHECKED = 4_000  # characters: a check runs a method dozens of times
OPEN = (Job.State.QUEUED, Job.State.RUNNING)


@dataclass(frozen=True, slots=True)
class ReadPath:
    """The steps from the root's child to ``end``, and the hash of all that a model reads of them."""

    end: Step
    steps: list[Step]
    hash: str

    @property
    def texts(self) -> list[str]:
        """The steps' texts."""
        return [step.text for step in self.steps]


@dataclass(frozen=True, eq=False, slots=True)
class RunningReward:
    """What scoring stored of every token of a path: the attribution that costs nothing.

    Attributes:
        step, begin, end: ``(P,)`` int64 step number and characters of each token.
        running: ``(P,)`` float64 reward after each token.
        before: ``(P,)`` float64 reward before it.
        start: reward in front of the first step.
    """

    step: IntArray
    begin: IntArray
    end: IntArray
    running: FloatArray
    before: FloatArray
    start: float

    @property
    def credit(self) -> FloatArray:
        """``(P,)`` what each token added."""
        return self.running - self.before


def path_of(*, end: Step) -> ReadPath:
    """Return the path from the problem to ``end``, whatever its length, with two queries."""
    above = Step.objects.filter(
        problem=end.problem, preorder__lte=end.preorder, subtree_end__gt=end.preorder
    )
    steps = list(above.order_by("depth"))
    whole = hashlib.sha256()
    for text in (end.problem.prompt, *(step.text for step in steps)):
        data = text.encode("utf-8", "surrogatepass")
        whole.update(len(data).to_bytes(8, "little") + data)
    return ReadPath(end, steps, whole.hexdigest())


def digest_of(*, method: str, version: str, params: Mapping[str, Any]) -> str:
    """Return what names a method with its version and all its parameters."""
    said = json.dumps([method, version, dict(params)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def attributions_at(*, end: Step, model: RewardModel) -> list[Attribution]:
    """Return what is stored of a path by a model, the newest of each method first; without arrays."""
    rows = Attribution.objects.filter(end=end, model=model).defer("arrays").order_by("-created")
    return list(rows)


def found_of(*, stored: Attribution) -> Found:
    """Return the attribution that a row holds; of a signal ``measured_of`` does."""
    return from_stored(*_parts(stored))


def measured_of(*, stored: Attribution) -> Signal:
    """Return the signal that a row holds."""
    return signal_from_stored(*_parts(stored))


def is_signal(stored: Attribution) -> bool:
    """Say whether a row holds a signal and not credit."""
    return stored.method.startswith(PREFIX)


def _parts(stored: Attribution) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the facts of a row, and its arrays by name."""
    data = bytes(stored.arrays)
    facts = dict(stored.facts)
    places = facts.pop("places")
    return facts, {name: data[at : at + size] for name, (at, size) in places.items()}


def running_reward_of(*, steps: Sequence[Step], model: RewardModel) -> RunningReward | None:
    """Return the running reward over a path, None unless every step with text has its tokens.

    Rows that do not cover a step's text exactly, as after a change of the text, and rows with what is
    not a finite number count as missing.
    """
    rows = {
        row.step_id: row
        for row in TokenScore.objects.filter(model=model, step__in=[step.pk for step in steps])
    }
    columns: list[tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]] = []
    start = None
    for number, step in enumerate(steps):
        row = rows.get(step.pk)
        if row is None:
            if step.text:
                return None
            continue
        ends = np.frombuffer(bytes(row.ends), "<i4").astype(np.int64)
        running = np.frombuffer(bytes(row.running), "<f4").astype(np.float64)
        if len(ends) != len(running) or (len(ends) and ends[-1] != len(step.text)):
            return None
        if not np.isfinite(row.start) or not np.isfinite(running).all():
            return None
        if not len(ends):
            continue
        start = row.start if start is None else start
        begins = np.concatenate([[0], ends[:-1]])
        before = np.concatenate([[row.start], running[:-1]])
        columns.append((np.full(len(ends), number), begins, ends, running, before))
    if start is None:
        return None
    step_of, begin, end, running, before = (
        np.concatenate([c[i] for c in columns]) for i in range(5)
    )
    return RunningReward(
        np.asarray(step_of, np.int64),
        np.asarray(begin, np.int64),
        np.asarray(end, np.int64),
        np.asarray(running, np.float64),
        np.asarray(before, np.float64),
        float(start),
    )


def models_for_attribution(*, project: Project) -> list[RewardModel]:
    """Return the models of a project that are ready, newest first."""
    return list(RewardModel.objects.filter(project=project, ready=True).order_by("-pk"))


def not_usable(*, model: RewardModel, method: str) -> str:
    """Return why a method or signal cannot be used on a model, with the way out; "" if it can."""
    if not model.ready:
        return f"'{model.name}' is not trained yet. Ask again when its job is done."
    if not model.artefact:
        return f"'{model.name}' is known only by its imported scores: there is no model to run."
    return why_not(method, model.kind, model.config.get("model", model.config))


def cards_of(*, model: RewardModel) -> dict[str, FaithfulnessCard]:
    """Return the faithfulness cards of a model by method; of an old version of a method none."""
    rows = FaithfulnessCard.objects.filter(model=model)
    return {
        row.method: row
        for row in rows
        if row.method in METHODS and METHODS[row.method].version == row.version
    }


def open_attribution_job(
    *, project: Project, args: Mapping[str, Any], card: bool = False
) -> Job | None:
    """Return a job that waits or runs with these arguments."""
    kind = Job.Kind.FAITHFUL if card else Job.Kind.ATTRIBUTE
    wanted = {key: args[key] for key in args if key != "name"}
    rows = Job.objects.filter(project=project, kind=kind, state__in=OPEN, args__contains=wanted)
    return rows.first()


def shared_limit(*, end: Step, model: RewardModel, method: str, digest: str | None) -> float | None:
    """Return the end of a colour scale that all paths of the problem share, None if there is none.

    It is the 98th percentile of the sizes of the tokens' numbers: of the running reward over all steps
    that the model scored, of what a job found over all paths where it ran with the same parameters.
    """
    if digest is None:
        sizes = [
            np.abs(np.diff(np.frombuffer(bytes(running), "<f4").astype(float), prepend=start))
            for start, running in TokenScore.objects.filter(
                model=model, step__problem=end.problem_id
            ).values_list("start", "running")
        ]
    else:
        rows = Attribution.objects.filter(
            model=model, end__problem=end.problem_id, method=method, digest=digest
        )
        sizes = [
            np.abs(
                measured_of(stored=row).values if is_signal(row) else found_of(stored=row).credit
            )
            for row in rows
        ]
    every = np.concatenate(sizes) if sizes else np.zeros(0)
    every = every[np.isfinite(every)]
    return float(np.percentile(every, PERCENTILE)) or None if len(every) else None


def newest_job(*, model: RewardModel, end: Step, method: str) -> Job | None:
    """Return the newest job that looks at a path by a method, if it did not end well."""
    rows = Job.objects.filter(
        kind=Job.Kind.ATTRIBUTE,
        project=model.project_id,
        args__contains={"model": model.pk, "end": end.pk, "method": method},
    )
    job = rows.order_by("-pk").first()
    return None if job is None or job.state == Job.State.DONE else job


def paths_to_check(*, project: Project, most: int) -> list[tuple[str, list[str]]]:
    """Return problem and step texts of up to ``most`` traces, one of each of the first problems.

    Paths without text, and longer than ``LONGEST_CHECKED`` characters, are passed over.
    """
    found: list[tuple[str, list[str]]] = []
    first = Trace.objects.filter(problem=OuterRef("pk"), end__isnull=False).order_by("ordinal")
    rows = Problem.objects.filter(project=project).annotate(
        first_end=Subquery(first.values("end_id")[:1])
    )
    ends = rows.exclude(first_end=None).order_by("pk").values_list("first_end", flat=True)
    for end in Step.objects.select_related("problem").filter(pk__in=list(ends[: 4 * most])):
        texts = [text for text in path_of(end=end).texts if text.strip()]
        if texts and len(end.problem.prompt) + sum(map(len, texts)) <= LONGEST_CHECKED:
            found.append((end.problem.prompt, texts))
        if len(found) == most:
            break
    return found


def default_method(
    *, stored: Sequence[Attribution], cards: Mapping[str, FaithfulnessCard], free: bool
) -> str:
    """Return the method that is shown where none is asked for: never one that failed a check.

    Of what is there, the most preferred one that passed; else the running reward, unless it failed and
    something that was not tried is there.
    """
    there = [*dict.fromkeys(one.method for one in stored if not is_signal(one))]
    there += [RUNNING] if free and RUNNING not in there else []
    passed = [key for key in PREFERRED if key in there and key in cards and cards[key].passed]
    untried = [key for key in (RUNNING, *there) if key not in cards]
    return next(iter([*passed, *untried]), RUNNING)
