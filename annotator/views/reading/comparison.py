"""A comparison of two paths: steps beside steps, what each adds, and how the totals come apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from annotator.queries.trees.compared import texts_of
from annotator.sequence_match import blocks
from annotator.views.reading.margins import grows_with_length, without_numbers
from annotator.views.reading.sides import comparable, shared_scale, told_apart
from annotator.views.reading.word_diff import Words, word_diff
from scoring.compare import course, rank_correlation, waterfall

if TYPE_CHECKING:
    from annotator.queries.trees.compared import StepsDown
    from annotator.views.reading.sides import Column, Columns, Target
    from scoring.compare import Correlation, Course, Waterfall
    from scoring.heatmap import Scale
    from scoring.tree import FloatArray

    Pair = tuple[int | None, int | None]

ROWS = 40
# A change of text or a difference of this much is one that the keys stop at.
VISIBLE = 0.005
NOTHING_SHARED = "undefined because no step of this path has both numbers"


@dataclass(frozen=True, slots=True)
class Cell:
    """One step of one side: its id, its place on the path from 1, and its number."""

    step: int
    number: int
    value: float


@dataclass(frozen=True, slots=True)
class Row:
    """Two steps beside each other; None where a path has nothing there.

    Attributes:
        number: the row's number from 0, as in the URL.
        delta: what the first adds minus what the second adds, None where it cannot be said.
        differs: the texts are not the same or the numbers come visibly apart.
    """

    number: int
    a: Cell | None
    b: Cell | None
    same_text: bool
    delta: float | None
    differs: bool
    words: Words | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """Everything that the page and its files say.

    Attributes:
        along: the numbers of the steps of each path.
        apart: why the numbers cannot be subtracted, "" = they can; ``fall`` is then there.
        diverge: number of the first row in which the two differ, None if they never do.
        courses: what each step adds to the margin: where one path is compared by two columns, of
            steps with both numbers alone.
        own: what each side's own numbers come to, whatever the other side has.
        caution: what the margin can mislead by, "" = nothing.
        counted: what the n of the correlation counts.
        left_out: steps without both numbers, where one path is compared by two columns.
    """

    a: Target
    b: Target
    first: Column
    second: Column
    scale: Scale
    along: tuple[FloatArray, FloatArray]
    apart: str
    pairs: list[Pair]
    deltas: FloatArray
    courses: tuple[Course, Course]
    own: tuple[Course, Course]
    fall: Waterfall | None
    correlation: Correlation
    counted: str
    diverge: int | None
    left_out: int = 0
    caution: str = ""

    @property
    def off_scale(self) -> int:
        """Numbers of the two paths beyond the limits, which show the end colours; a shared one once."""
        told = {
            (column.key, step, value)
            for column, ids, values in zip(
                (self.first, self.second), self._ids, self.along, strict=True
            )
            for step, value in zip(ids, values.tolist(), strict=True)
        }
        low, high = self.scale.low, self.scale.high
        return sum(np.isfinite(value) and not low <= value <= high for _, _, value in told)

    @property
    def one_path(self) -> bool:
        """Whether one path is compared by two columns."""
        return self.a.path.ids == self.b.path.ids

    @property
    def one_column(self) -> bool:
        """Whether two paths are compared by one column."""
        return self.first.key == self.second.key

    @property
    def shared(self) -> int:
        """Steps that both paths go through."""
        ends = zip(self.a.path.ids, self.b.path.ids, strict=False)
        return next((n for n, (i, j) in enumerate(ends) if i != j), min(map(len, self._ids)))

    @property
    def _ids(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.a.path.ids, self.b.path.ids

    def rows(self, start: int, most: int = ROWS) -> list[Row]:
        """Return the rows from number ``start`` on, with their texts compared."""
        window = range(start, min(start + most, len(self.pairs)))
        found = [self._row(n) for n in window]
        texts = texts_of(ids={cell.step for row in found for cell in (row.a, row.b) if cell})
        return [self._worded(row, texts) for row in found]

    def cell(self, side: int, place: int | None) -> Cell | None:
        """Return a step of one side."""
        if place is None:
            return None
        path = (self.a if side == 0 else self.b).path
        return Cell(path.ids[place], place + 1, float(self.along[side][place]))

    def _row(self, number: int) -> Row:
        i, j = self.pairs[number]
        same = _same(self.a.path, self.b.path, i, j)
        cells = self.cell(0, i), self.cell(1, j)
        said = any(cell is not None and np.isfinite(cell.value) for cell in cells)
        if self.left_out and any(cell is None or np.isnan(cell.value) for cell in cells):
            said = False
        delta = float(self.deltas[number]) if said and not self.apart else None
        differs = not same or (delta is not None and abs(delta) >= VISIBLE)
        return Row(number, *cells, same, delta, differs)

    def _worded(self, row: Row, texts: dict[int, str]) -> Row:
        one, two = (texts.get(cell.step, "") if cell else "" for cell in (row.a, row.b))
        # A step that stands alone is not marked word by word.
        words = word_diff(one if row.a else two, two if row.b else one)
        return Row(row.number, row.a, row.b, row.same_text, row.delta, row.differs, words)


def compare(*, columns: Columns, a: Target, b: Target, by: str, by_b: str) -> Comparison:
    """Hold two paths, or one path by two columns, against each other.

    Raises:
        NotFoundError: ``by`` or ``by_b`` is no choice here.
    """
    first, second, apart = comparable(*told_apart(columns.column(by), columns.column(by_b)))
    pairs = aligned(a.path, b.path)
    one, two = first.along(a), second.along(b)
    along = one, two
    left_out = 0
    apart = apart or without_numbers(a, b, one, two)
    offsets = columns.offset(first, a), columns.offset(second, b)
    own = _courses(first, second, along, offsets)
    if a.path.ids == b.path.ids and first.key != second.key:
        both = np.isfinite(one) & np.isfinite(two)
        left_out = int((~both).sum())
        if not apart and not both.any():
            apart = NOTHING_SHARED
        one, two = np.where(both, one, np.nan), np.where(both, two, np.nan)
    courses = _courses(first, second, (one, two), offsets)
    fall = None if apart else waterfall(*courses, pairs)
    deltas = np.array(
        [
            (courses[0].added[i] if i is not None else 0.0)
            - (courses[1].added[j] if j is not None else 0.0)
            for i, j in pairs
        ]
    )
    correlation, counted = _correlation(first, second, along, pairs)
    return Comparison(
        a=a,
        b=b,
        first=first,
        second=second,
        scale=shared_scale(first, second),
        along=along,
        apart=apart,
        pairs=pairs,
        deltas=deltas,
        courses=courses,
        own=own,
        fall=fall,
        correlation=correlation,
        counted=counted,
        diverge=_diverge(a.path, b.path, pairs, deltas, apart),
        left_out=left_out,
        caution="" if apart else grows_with_length(first, second, *along),
    )


def _courses(
    first: Column,
    second: Column,
    values: tuple[FloatArray, FloatArray],
    offsets: tuple[float, float],
) -> tuple[Course, Course]:
    return (
        course(values[0], additive=first.additive, offset=offsets[0]),
        course(values[1], additive=second.additive, offset=offsets[1]),
    )


def aligned(one: StepsDown, two: StepsDown) -> list[Pair]:
    """Return which steps stand beside each other: shared ones, then equal texts, then in order."""
    pairs: list[Pair] = []
    shared = 0
    for i, j in zip(one.ids, two.ids, strict=False):
        if i != j:
            break
        pairs.append((shared, shared))
        shared += 1
    left, right = one.hashes[shared:], two.hashes[shared:]
    for _, a, b, c, d in blocks(left, right):
        pairs += zip_longest(range(shared + a, shared + b), range(shared + c, shared + d))
    return pairs


def _same(one: StepsDown, two: StepsDown, i: int | None, j: int | None) -> bool:
    return i is not None and j is not None and one.hashes[i] == two.hashes[j]


def _diverge(
    one: StepsDown, two: StepsDown, pairs: list[Pair], deltas: FloatArray, apart: str
) -> int | None:
    for number, (i, j) in enumerate(pairs):
        if not _same(one, two, i, j) or (not apart and abs(deltas[number]) >= VISIBLE):
            return number
    return None


def _correlation(
    first: Column, second: Column, along: tuple[FloatArray, FloatArray], pairs: list[Pair]
) -> tuple[Correlation, str]:
    """Correlate two columns over the whole tree, one column over the pairs of steps."""
    if first.key != second.key:
        return rank_correlation(first.values[1:], second.values[1:]), "steps of the tree"
    both = [(along[0][i], along[1][j]) for i, j in pairs if i is not None and j is not None]
    left, right = [one for one, _ in both], [two for _, two in both]
    return rank_correlation(left, right), "pairs of steps"
