"""Items that were given values, as pairs by number: none is made before it is asked for."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Judged:
    """A step or the end of a trace, with the value it was given.

    ``item``: the position by which rankings call it, of a node or of a trace.
    """

    node: int
    value: float
    item: int = field(default=-1, compare=False)


class Group:
    """Judged items that may be compared with one another; equal values are ties.

    Args:
        level: ``step`` (siblings) or ``trace``.
        items: at least one, any order.
        spoken: pairs of ``item`` that are decided elsewhere; they are neither pairs nor ties here.
    """

    def __init__(
        self, level: str, items: Sequence[Judged], spoken: Collection[tuple[int, int]] = ()
    ) -> None:
        self.level = level
        self._items = sorted(items, key=lambda item: -item.value)
        n = len(self._items)
        worse = []  # per item the first position with a lower value
        end = n
        for at in range(n - 1, -1, -1):
            if at < n - 1 and self._items[at].value != self._items[at + 1].value:
                end = at + 1
            worse.append(end)
        worse.reverse()
        self._worse = worse
        self._until = list(accumulate(n - end for end in worse))
        self._skipped, self._skipped_ties = self._numbers(spoken)

    def __len__(self) -> int:
        """Return the number of pairs that are not ties."""
        return self._until[-1] - len(self._skipped)

    @property
    def ties(self) -> int:
        """Return the number of pairs with equal values."""
        n = len(self._items)
        return n * (n - 1) // 2 - self._until[-1] - self._skipped_ties

    def _numbers(self, spoken: Collection[tuple[int, int]]) -> tuple[list[int], int]:
        """Return ``number - how many skipped are smaller`` of each skipped pair, and skipped ties."""
        place = {item.item: at for at, item in enumerate(self._items)} if spoken else {}
        numbers = []
        ties = 0
        for pair in spoken:
            if pair[0] not in place or pair[1] not in place:
                continue
            better, worse = sorted(place[item] for item in pair)
            if worse < self._worse[better]:
                ties += 1
            else:
                before = self._until[better - 1] if better else 0
                numbers.append(before + worse - self._worse[better])
        return [number - i for i, number in enumerate(sorted(numbers))], ties

    def pair(self, number: int) -> tuple[Judged, Judged]:
        """Return pair ``number`` as (better, worse), without listing the others."""
        number += bisect_right(self._skipped, number)
        at = bisect_right(self._until, number)
        before = self._until[at - 1] if at else 0
        return self._items[at], self._items[self._worse[at] + number - before]


def sample(key: str, total: int, most: int) -> Iterator[int]:
    """Yield ``most`` of ``range(total)`` in order, the same ones for the same key; 0 = all."""
    if not most or total <= most:
        yield from range(total)
        return
    seed = int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    yield from sorted(Random(seed).sample(range(total), most))  # noqa: S311 - repeatable on purpose
