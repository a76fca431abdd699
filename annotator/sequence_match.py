"""Which elements of two sequences belong together, at a cost that no input drives up.

``difflib`` takes cubic time where elements repeat, minutes for a text of blank lines. Here elements
that stand once on both sides are the anchors (patience diff: the longest run of them in one order),
and only the small gaps between anchors go to ``difflib``; a large gap without anchors has no matches
but those at its ends.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Pair = tuple[int, int]

# Elements of one side times elements of the other.
SMALL_GAP = 1_600


def matches(old: Sequence[str], new: Sequence[str]) -> Iterator[Pair]:
    """Yield positions in both sequences that hold the same element, both rising."""
    i, j = 0, 0
    for anchor in (*_anchors(old, new), (len(old), len(new))):
        yield from _gap(old, new, (i, j), anchor)
        if anchor[0] < len(old):
            yield anchor
        i, j = anchor[0] + 1, anchor[1] + 1


def blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Yield ``(equal, a, b, c, d)``: ``old[a:b]`` became ``new[c:d]``, from start to end."""
    a = c = 0  # where the block that is being gathered began
    i = j = 0  # behind the last match
    for at, to in (*matches(old, new), (len(old), len(new))):
        if (at, to) == (i, j) and at < len(old):
            i, j = at + 1, to + 1
            continue
        if i > a:
            yield True, a, i, c, j
        if at > i or to > j:
            yield False, i, at, j, to
        a, c, i, j = at, to, at + 1, to + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Return the longest rising run of elements that stand once in each sequence."""
    once = _once(new)
    pairs = [(i, once[text]) for text, i in _once(old).items() if text in once]
    ends: list[int] = []  # per length the smallest last position in ``new``
    last: list[int] = []  # which pair has it
    before: list[int] = []
    for number, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [number]
    run = []
    number = last[-1] if last else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]


def _once(elements: Sequence[str]) -> dict[str, int]:
    """Return the places of elements that stand here once, in order."""
    counts = Counter(elements)
    return {element: at for at, element in enumerate(elements) if counts[element] == 1}


def _gap(old: Sequence[str], new: Sequence[str], start: Pair, end: Pair) -> Iterator[Pair]:
    """Yield the matches between two anchors: at both ends, and inside if it is small."""
    (i, j), (k, m) = start, end
    while i < k and j < m and old[i] == new[j]:
        yield i, j
        i, j = i + 1, j + 1
    tail = 0
    while i < k - tail and j < m - tail and old[k - tail - 1] == new[m - tail - 1]:
        tail += 1
    k, m = k - tail, m - tail
    if 0 < (k - i) * (m - j) <= SMALL_GAP:
        inside = SequenceMatcher(None, old[i:k], new[j:m], autojunk=False)
        for a, b, size in inside.get_matching_blocks():
            yield from ((i + a + n, j + b + n) for n in range(size))
    yield from ((k + n, m + n) for n in range(tail))
