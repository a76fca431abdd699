"""Words of a path in a knowledge graph that the reasoning mentions."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.credit.base import Credit
from scoring.credit.columns import column, missing_traces, wrong
from scoring.credit.groups import spread
from scoring.credit.traces import solved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.tree import FloatArray, Tree

WORD = re.compile(r"[^\W_]+")
_SMALL = (
    "a an and are as at be by for from has have in into is it its of on or that the their this to "
    "was were which with"
)
STOP_WORDS = frozenset(WORD.findall(_SMALL))
NO_PATH = "the problem has no path, or one without words: 0"
RIGHT, WRONG = 0.1, -1.0
MOST = 1.5


def credit(tree: Tree, *, form: str) -> Credit:
    """Return the step's share of the path's words, or the trace's reward.

    "step" (ours): words of the path first mentioned on the trace in this step, as a share of all its
    words. "path": ``min((1.2 coverage + 0.3 [at least 2 hits]) φ, 1.5)`` of the whole trace, where φ
    lowers it for text that repeats itself. "total": that plus 0.1 on solved and −1 on failed traces.

    Words are lower case, split at what is neither letter nor digit; the words in ``STOP_WORDS``
    (our list) count nowhere, neither in the path nor in the text nor in φ. ``kg_path`` stands at the
    problem: text, or a list of triples.

    Returns:
        Shares of the path from 0 to 1, the same on every trace; or reward units by trace.

    Source: arXiv 2601.15160 (jha-lab/kg-implicit-reward-compositional-rl), for whole traces.
    """
    path = set(_words(_path_text(tree)))
    notes: tuple[str, ...] = () if path else (NO_PATH,)
    if form == "step":
        size = max(1, len(path))
        return Credit(_first_mentions(tree, path) / size, None, notes)
    reward = np.fromiter((text.reward(len(path)) for text in _read(tree, path)), float, len(tree))
    by_trace = reward[tree.ends]
    if form == "total":
        right = solved(tree)
        notes += missing_traces(np.isfinite(right), "known outcome")
        by_trace = np.where(np.isnan(right), np.nan, by_trace + np.where(right == 1, RIGHT, WRONG))
    return spread(tree, by_trace, notes)


def _first_mentions(tree: Tree, path: set[str]) -> FloatArray:
    """Return ``(N,)`` how many words of the path each step is the first to mention on its way."""
    bits = {word: 1 << place for place, word in enumerate(sorted(path))}
    seen = [0]
    new = np.zeros(len(tree))
    for at, (up, text) in enumerate(zip(tree.parent[1:].tolist(), tree.text[1:], strict=True), 1):
        seen.append(seen[up])
        for word in path.intersection(_words(str(text))):
            seen[at] |= bits[word]
        new[at] = seen[at].bit_count() - seen[up].bit_count()
    return new


class _Text:
    """What the words on the way down to one node come to."""

    __slots__ = ("hits", "last", "length", "longest", "most", "run")

    def __init__(self, above: _Text | None = None) -> None:
        self.hits: int = above.hits if above else 0  # one bit per word of the path
        self.length: int = above.length if above else 0
        self.most: int = above.most if above else 0  # how often the most frequent word occurs
        self.last: str = above.last if above else ""
        self.run: int = above.run if above else 0
        self.longest: int = above.longest if above else 0

    def add(self, words: list[str], counts: Counter[str], bits: dict[str, int]) -> None:
        """Read on."""
        for word in words:
            counts[word] += 1
            self.most = max(self.most, counts[word])
            self.run = self.run + 1 if word == self.last else 1
            self.longest = max(self.longest, self.run)
            self.last = word
            self.hits |= bits.get(word, 0)
        self.length += len(words)

    def reward(self, size: int) -> float:
        """Return the reward of a path of ``size`` words, 0 without one."""
        hits = self.hits.bit_count()
        coverage = hits / size if size else 0.0
        return min((1.2 * coverage + 0.3 * (hits >= 2)) * self.variety, MOST)

    @property
    def variety(self) -> float:
        """φ: 1, less for one word in more than 35 % of the places or more than thrice in a row."""
        if not self.length:
            return 1.0
        base = max(0.0, 1.0 - 3.0 * max(0.0, self.most / self.length - 0.35))
        return max(0.0, base * (1.0 - 0.05 * max(0, self.longest - 3)))


def _read(tree: Tree, path: set[str]) -> Iterator[_Text]:
    """Yield what each node's words and those above it come to, in pre-order, reading each once."""
    bits = {word: 1 << place for place, word in enumerate(sorted(path))}
    counts: Counter[str] = Counter()
    above: list[tuple[_Text, list[str]]] = [(_Text(), [])]  # the problem's own text does not count
    yield above[0][0]
    for depth, text in zip(tree.depth[1:].tolist(), tree.text[1:].tolist(), strict=True):
        while len(above) > depth:
            counts.subtract(above.pop()[1])
        words = _words(str(text))
        found = _Text(above[-1][0])
        found.add(words, counts, bits)
        above.append((found, words))
        yield found


def _words(text: str) -> list[str]:
    """Return the words of a text that count, in order."""
    return [word for word in WORD.findall(text.lower()) if word not in STOP_WORDS]


def _path_text(tree: Tree) -> str:
    """Return the words of the path as one text."""
    cell: Any = column(tree, "kg_path")[0]
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if not isinstance(cell, list | tuple):
        raise wrong(tree, "kg_path", 0, "text or a list of triples")
    parts: list[str] = []
    for one in cell:
        triple = [one] if isinstance(one, str) else one
        if not isinstance(triple, list | tuple) or not all(isinstance(x, str) for x in triple):
            raise wrong(tree, "kg_path", 0, "text or a list of triples")
        parts.extend(triple)
    return " ".join(parts)
