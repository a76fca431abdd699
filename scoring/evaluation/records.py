"""What the suites take: solutions with a model's scores and what is known of them. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scoring.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NONE_WRONG = -1
_NOTHING: Floats = np.zeros(0)


@dataclass(frozen=True, eq=False, slots=True)
class States:
    """What a model held of the steps of a solution where it read their scores.

    Attributes:
        values: ``(S, D)`` last hidden states in float32, NaN where a step was not read.
        head: ``(D,)`` the direction along which the model's head reads them, the same of all records;
            empty = its head is no linear one.
    """

    values: Any
    head: Floats


@dataclass(frozen=True, slots=True)
class Preferred:
    """A step of this record, read with all before it, is preferred to one of another record, or ties.

    Attributes:
        criterion: under which, "" = on the whole.
        step: position in this record.
        other: id of the other record, of the same problem.
        other_step: position there.
        tie: whether neither is preferred.
    """

    criterion: str
    step: int
    other: str
    other_step: int
    tie: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Record:
    """One solution: what a model said of it and what is known of it.

    Attributes:
        id: unique among the records.
        problem: what intervals resample and what paired tests permute.
        group: the solutions that compete for one choice; "" means all of the problem.
        split: the class, subset or split that rows of a report are made by.
        step_scores: ``(S,)`` by the model, higher is better, NaN = not scored; empty = none.
        score: of the whole solution by the model, NaN = none.
        step_labels: ``(S,)`` 1 right, 0 wrong, between them soft, NaN = no label; empty = none.
        first_error: position of the first wrong step from 0, ``NONE_WRONG`` if no step is wrong,
            None if unknown.
        correct: whether the solution is right (its final answer, or that it was chosen).
        gold: reward of the solution by the gold standard, NaN = 1 if correct, else 0.
        original: id of the record this one was made from by inserting errors, "" if none.
        path: ``(S,)`` names of the steps in the problem's tree; solutions with a common prefix
            share names. Empty = the steps are its own.
        steps: ``(S,)`` texts, for the baselines; empty = unknown, and then there are none.
        edited: by the key of an edit (``edits.EDITS``) ``(S,)`` scores of the same steps in the edited
            solution, NaN = not scored.
        states: what the model held of the steps, None = not read.
        marks: by the name of a property ``(S,)`` whether a step has it, 1 or 0, NaN = unknown.
        preferred: what its steps are preferred to, or tie with; a tie stands at one of the two.
    """

    id: str
    problem: str
    group: str = ""
    split: str = ""
    step_scores: Floats = field(default_factory=lambda: _NOTHING)
    score: float = float("nan")
    step_labels: Floats = field(default_factory=lambda: _NOTHING)
    first_error: int | None = None
    correct: bool | None = None
    gold: float = float("nan")
    original: str = ""
    path: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    edited: Mapping[str, Floats] = field(default_factory=dict)
    states: States | None = None
    marks: Mapping[str, Floats] = field(default_factory=dict)
    preferred: tuple[Preferred, ...] = ()

    @property
    def n_steps(self) -> int:
        """Number of steps, by whatever is known of them."""
        columns = (self.step_scores, self.step_labels, self.path, self.steps)
        return max(len(column) for column in columns)

    @property
    def labels(self) -> Floats:
        """``(S,)`` labels of steps; without any, those that the first error implies.

        Steps before the first error are right, it is wrong, and nothing is known of later ones.
        """
        if len(self.step_labels) or self.first_error is None:
            return self.step_labels
        implied = np.ones(self.n_steps)
        if self.first_error != NONE_WRONG:
            implied[self.first_error] = 0.0
            implied[self.first_error + 1 :] = np.nan
        return implied

    @property
    def reward(self) -> float:
        """Gold reward; 1 or 0 by ``correct`` where there is none, NaN if that is unknown too."""
        if np.isnan(self.gold) and self.correct is not None:
            return float(self.correct)
        return self.gold


@dataclass(frozen=True, eq=False, slots=True)
class Records:
    """Records that hold together, ordered by id.

    Attributes:
        rows: K records.
        problems: names of the P problems.
        problem: ``(K,)`` position in ``problems`` of each record's problem.
    """

    rows: tuple[Record, ...]
    problems: tuple[str, ...]
    problem: Ints

    @classmethod
    def of(cls, rows: Iterable[Record]) -> Records:
        """Check records and order them by id.

        Raises:
            EvaluationError: for an id twice, columns of different length, a label outside [0, 1], a
                first error beyond the last step, an infinite score, or a group in two problems.
        """
        ordered = tuple(sorted(rows, key=lambda row: row.id))
        for before, row in pairwise(ordered):
            if before.id == row.id:
                raise EvaluationError(f"record '{row.id}' is there twice")
        owner: dict[str, str] = {}
        for row in ordered:
            _check(row)
            if row.group and owner.setdefault(row.group, row.problem) != row.problem:
                raise EvaluationError(f"group '{row.group}' is in two problems")
        names = sorted({row.problem for row in ordered})
        place = {name: at for at, name in enumerate(names)}
        index = np.array([place[row.problem] for row in ordered], dtype=np.int64)
        return cls(ordered, tuple(names), index)

    def __len__(self) -> int:
        """Count the records."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        """Iterate in the order of ids."""
        return iter(self.rows)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits in order."""
        return tuple(sorted({row.split for row in self.rows}))

    def groups(self) -> dict[tuple[str, str], Ints]:
        """Return the positions of the records of each group, by problem and group."""
        members: dict[tuple[str, str], list[int]] = {}
        for at, row in enumerate(self.rows):
            members.setdefault((row.problem, row.group), []).append(at)
        return {key: np.array(at, dtype=np.int64) for key, at in members.items()}

    def summed(self, columns: Floats, at: Sequence[int] | Ints | None = None) -> Floats:
        """Add up rows by problem, for ``Measure.parts``.

        Args:
            columns: ``(M, C)`` one row per record in ``at``.
            at: ``(M,)`` positions of records; all of them by default.

        Returns:
            ``(P, C)``.
        """
        total = np.zeros((len(self.problems), columns.shape[1]))
        np.add.at(total, self.problem if at is None else self.problem[np.asarray(at, int)], columns)
        return total

    def digest(self) -> str:
        """Return a hash of which records these are and what is known of them, without scores."""
        told = sha256()
        for row in self.rows:
            known = (row.id, row.problem, row.group, row.split, row.first_error, row.correct)
            told.update(repr((*known, row.gold, row.original, row.path)).encode())
            told.update(np.ascontiguousarray(row.step_labels, dtype=np.float64).tobytes())
            if row.marks or row.preferred:
                marks = [(name, row.marks[name].tolist()) for name in sorted(row.marks)]
                told.update(repr((marks, row.preferred)).encode())
            told.update(b"\0")
        return told.hexdigest()


def only_scored(row: Record, other: Record | None = None) -> Record:
    """Return the record with labels on the steps alone that are scored, in ``other`` too."""
    labels = row.labels
    for record in (row, other) if other else (row,):
        scored = ~np.isnan(record.step_scores)
        labels = np.where(scored, labels, np.nan) if len(scored) == len(labels) else labels[:0]
    return replace(row, step_labels=labels)


def first_times(records: Records) -> Bools:
    """Return of all steps in a row whether it is the first time that a step of the tree comes."""
    seen: set[tuple[int, str]] = set()
    told = []
    for at, row in enumerate(records):
        names = row.path or tuple(f"{row.id} {step}" for step in range(row.n_steps))
        for name in names:
            key = int(records.problem[at]), name
            told.append(key not in seen)
            seen.add(key)
    return np.array(told, dtype=bool)


def _check(row: Record) -> None:
    """Raise EvaluationError for a record that contradicts itself."""
    for name in ("step_scores", "step_labels", "path", "steps"):
        size = len(getattr(row, name))
        if size not in (0, row.n_steps):
            raise EvaluationError(f"record '{row.id}' has {row.n_steps} steps and {size} {name}")
    for key, scores in row.edited.items():
        if len(scores) != row.n_steps or np.isinf(scores).any():
            raise EvaluationError(
                f"record '{row.id}' has scores of '{key}' that are not of its steps"
            )
    _check_held(row)
    known = row.step_labels[~np.isnan(row.step_labels)]
    if ((known < 0) | (known > 1)).any():
        raise EvaluationError(f"record '{row.id}' has a step label outside 0 to 1")
    if np.isinf(row.step_scores).any() or np.isinf(row.score) or np.isinf(row.gold):
        raise EvaluationError(f"record '{row.id}' has an infinite score")
    first = row.first_error
    if first is not None and not NONE_WRONG <= first < row.n_steps:
        raise EvaluationError(
            f"record '{row.id}' has its first error at {first}, but {row.n_steps} steps from 0"
        )


def _check_held(row: Record) -> None:
    """Raise EvaluationError for marks or states of other steps."""
    for name, marks in row.marks.items():
        if len(marks) != row.n_steps:
            raise EvaluationError(f"record '{row.id}' has marks of '{name}' for other steps")
    if row.states is not None and len(row.states.values) != row.n_steps:
        raise EvaluationError(f"record '{row.id}' has states of other steps")
