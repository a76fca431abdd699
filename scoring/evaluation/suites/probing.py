"""What can be read off a model's states, and which of it does its reward read?

For every property that the data tell (``dimensions``): a linear probe on the last hidden state at the
position where the score is read. ``auroc`` and ``accuracy`` are of problems that the probe has not seen;
``selectivity`` is that AUROC minus the one of probes that learnt shuffled labels in the same way. The
reward's own AUROC on the same examples stands beside it: what the states hold is not what the head uses.

Which direction the head leans on is measured over all steps that were read: ``lean`` is the correlation
of what the head reads with what the property's direction reads, which is the cosine of the two directions
under the covariance of the states; ``explained`` is the share of the variance of the head's reading that
all directions explain together. For a head that is not linear its score takes the place of the reading.

Source: the idea of MRMBench (arXiv 2511.12464), read in its abstract only: probing preference dimensions
of a reward model, and telling at inference which of them it relies on. Properties, probe, controls and
``lean`` are choices of this project. Shuffled labels as a control after Hewitt and Liang 2019, arXiv
1909.03368, whose control task is another one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scoring import areas
from scoring.errors import UndefinedError
from scoring.evaluation.base import Findings, Measure
from scoring.evaluation.dimensions import dimensions_of, enough, units_of
from scoring.evaluation.intervals import each_problem, ratio
from scoring.evaluation.probes import FOLDS, Examples, Frame, both_ways, dealt, probed
from scoring.evaluation.ranking import weighted

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.evaluation.dimensions import Dimension, Units
    from scoring.evaluation.probes import Probed
    from scoring.evaluation.records import Bools, Floats, Ints, Records

ONE_CLASS = "undefined because both kinds are needed"
NO_LEAN = "undefined because the reward or the direction reads the same everywhere"
NO_SCORES = "undefined because the reward of these examples is unknown"


def dimensions(records: Records, *, min_labels: int, components: int) -> Findings:
    """Probe every property that has enough examples.

    Args:
        records: with states.
        min_labels: examples that a property needs; a quarter of them of its rarer kind.
        components: main directions of the states that probes see at most.
    """
    units = units_of(records)
    heads = {row.states.head.shape for row in records if row.states is not None}
    if len(heads) > 1:
        raise UndefinedError("the records were read by models of different shape")
    head = next(row.states.head for row in records if row.states is not None)
    frame = Frame.of(units.states, components)
    x = frame.placed(units.states)
    reading = units.states @ head if len(head) else units.score
    n_problems = len(records.problems)
    found: list[Measure] = []
    fitted: dict[str, float] = {}
    directions: list[tuple[Dimension, Floats]] = []
    for dimension in dimensions_of(records, units):
        problem = units.problem[dimension.first]
        reason = enough(dimension, min_labels, len(np.unique(problem)), FOLDS)
        if reason:
            found.append(_without(dimension, n_problems, reason))
            continue
        examples = _examples(records, dimension, x, problem)
        said = probed(examples)
        found += _of_probe(dimension, examples, said, units, n_problems)
        directions.append((dimension, said.direction))
        if len(head):
            fitted[f"cosine_{dimension.key}"] = frame.cosine(said.direction, head)
    known = ~np.isnan(reading)
    if directions and known.any():
        read = np.stack([x[known] @ direction for _, direction in directions], axis=1)
        found += _leans(
            [one for one, _ in directions], read, reading[known], units, known, n_problems
        )
    notes = [] if len(head) else ["the head is not linear: its score stands for its reading"]
    if len(x) and units.states.shape[1] > components:
        notes.append(f"probes see the {components:,} main directions of {units.states.shape[1]:,}")
    return Findings(tuple(found), fitted, tuple(notes))


def _examples(records: Records, dimension: Dimension, x: Floats, problem: Ints) -> Examples:
    first = x[dimension.first]
    folds = dealt(records.problems[at] for at in np.unique(problem))
    return Examples(
        x=first - x[dimension.second] if dimension.paired else first,
        right=np.array(dimension.right, dtype=bool),
        problem=problem,
        fold=np.array([folds[records.problems[at]] for at in problem], dtype=np.int64),
        paired=dimension.paired,
    )


def _without(dimension: Dimension, n_problems: int, reason: str) -> Measure:
    return Measure(
        f"auroc:{dimension.key}",
        "AUROC of the probe",
        np.zeros((n_problems, 1)),
        lambda sums: np.full(len(sums), np.nan),
        len(dimension.right),
        dimension.unit,
        reason,
        split=dimension.label,
        chance=0.5,
        exchangeable=False,
    )


def _of_probe(
    dimension: Dimension, examples: Examples, said: Probed, units: Units, n_problems: int
) -> list[Measure]:
    """Return the numbers of one probe."""
    right, problem = examples.right, examples.problem
    n = len(right)
    auroc = _auroc(said.margin, right, problem, dimension.paired)
    controls = [
        _auroc(margin, labels, problem, dimension.paired)
        for margin, labels in zip(said.control, said.shuffled, strict=True)
    ]
    hits = np.zeros((n_problems, 2))
    held = np.where(said.margin == 0, 0.5, (said.margin > 0) == right)
    np.add.at(hits, problem, np.stack([held, np.ones(n)], axis=1))
    often = 0.5 if dimension.paired else max(right.mean(), 1 - right.mean())
    score = units.score[dimension.first]
    if dimension.paired:
        score = score - units.score[dimension.second]
    scored = ~np.isnan(score)
    own = partial(Measure, unit=dimension.unit, split=dimension.label)
    area = partial(own, parts=each_problem(n_problems), exchangeable=False)
    key = dimension.key

    def selectivity(counts: Floats) -> Floats:
        shuffled = np.mean([control(counts) for control in controls], axis=0)
        return np.asarray(auroc(counts) - shuffled, np.float64)

    return [
        area(
            key=f"auroc:{key}",
            label="AUROC of the probe",
            statistic=auroc,
            n=n,
            undefined=ONE_CLASS,
            chance=0.5,
        ),
        own(
            key=f"accuracy:{key}",
            label="Accuracy of the probe",
            parts=hits,
            statistic=ratio,
            n=n,
            chance=float(often),
        ),
        area(
            key=f"selectivity:{key}",
            label="AUROC above that with shuffled labels",
            statistic=selectivity,
            n=n,
            undefined=ONE_CLASS,
            chance=0.0,
            compared=False,
        ),
        area(
            key=f"reward:{key}",
            label="AUROC of the reward itself",
            statistic=_auroc(score[scored], right[scored], problem[scored], dimension.paired),
            n=int(scored.sum()),
            undefined=ONE_CLASS if scored.any() else NO_SCORES,
            chance=0.5,
            compared=False,
        ),
    ]


def _auroc(margin: Floats, right: Bools, problem: Ints, paired: bool) -> Callable[[Floats], Floats]:
    """Return the AUROC of margins as a statistic of counts of problems; a pair is seen from both sides."""
    if not paired:
        return weighted(areas.auroc, margin, right, problem)
    return weighted(areas.auroc, *both_ways(margin, right), np.concatenate([problem, problem]))


def _leans(
    asked: list[Dimension],
    read: Floats,
    reading: Floats,
    units: Units,
    known: Bools,
    n_problems: int,
) -> list[Measure]:
    """Return how what the head reads goes with what each direction reads, over all steps.

    Args:
        asked: K properties.
        read: ``(U, K)`` what their directions read of each step.
        reading: ``(U,)`` what the head reads.
        units: of the steps.
        known: which of them these are.
        n_problems: P.
    """
    columns = np.column_stack([np.ones(len(reading)), reading, read])
    columns[:, 1:] -= columns[:, 1:].mean(axis=0)  # sums of products stay exact
    width = columns.shape[1]
    products = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
    parts = np.zeros((n_problems, width * width))
    np.add.at(parts, units.problem[known], products)
    measures = [
        Measure(
            f"lean:{dimension.key}",
            "Correlation with the reward",
            parts,
            _correlation(at + 2, width),
            len(reading),
            "steps",
            NO_LEAN,
            split=dimension.label,
            chance=0.0,
            compared=False,
        )
        for at, dimension in enumerate(asked)
    ]
    together = Measure(
        "explained",
        "Share of the reward's variance along these directions",
        parts,
        _explained(width),
        len(reading),
        "steps",
        NO_LEAN,
        compared=False,
    )
    return [*measures, together]


def _covariance(sums: Floats, width: int) -> Floats:
    """Return ``(B, W - 1, W - 1)`` covariances of all columns but the first, which is 1."""
    moments = sums.reshape(-1, width, width)
    n = moments[:, 0, 0][:, None, None]
    mean = moments[:, :1, 1:] / n
    return np.asarray(moments[:, 1:, 1:] / n - mean.transpose(0, 2, 1) * mean, np.float64)


def _correlation(column: int, width: int) -> Callable[[Floats], Floats]:
    """Return the correlation of the head's reading with that of a direction, of sums of products."""

    def statistic(sums: Floats) -> Floats:
        found = _covariance(sums, width)
        at = column - 1
        return np.asarray(found[:, 0, at] / np.sqrt(found[:, 0, 0] * found[:, at, at]), np.float64)

    return statistic


def _explained(width: int) -> Callable[[Floats], Floats]:
    """Return R² of the head's reading on those of all directions, of sums of products."""

    def statistic(sums: Floats) -> Floats:
        found = _covariance(sums, width)
        scale = np.sqrt(np.maximum(np.einsum("bii->bi", found), 0))
        scale[scale == 0] = np.nan
        unit = found / (scale[:, :, None] * scale[:, None, :])
        values = np.full(len(unit), np.nan)
        whole = np.isfinite(unit).all(axis=(1, 2))
        inner = np.linalg.pinv(unit[whole, 1:, 1:], hermitian=True, rcond=1e-10)
        with_head = unit[whole, 0, 1:]
        values[whole] = np.clip(np.einsum("bi,bij,bj->b", with_head, inner, with_head), 0, 1)
        return values

    return statistic
