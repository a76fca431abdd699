"""How the texts of a path become tokens, of models trained here and of published ones."""

from __future__ import annotations

from copy import copy
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from scoring.attribution.path import StepPart, join
from scoring.errors import AlignmentError
from scoring.reward.adapters.scorer import special_texts, too_long, unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.attribution.path import Path
    from scoring.reward.adapters.scorer import Layout
    from scoring.reward.shared import Int32
    from scoring.reward.tokenizer import StepTokenizer

# Put behind each step to see where it ends in a template's text; private characters that texts lack.
_MARKERS = "\ue000\uf8ff\U000f1234\U00100abc"


class PathLayout(Protocol):
    """What methods ask of a layout."""

    def lay(self, problem: str, steps: Sequence[str]) -> Path:
        """Return the path with its spans.

        Raises:
            AlignmentError: tokens and text do not line up; or the path cannot be laid out at all.
        """

    def sequence(self, problem: str, steps: Sequence[str]) -> Int32 | None:
        """Return the tokens alone; None if there are no steps and the layout cannot be read then."""

    def alone(self, text: str) -> list[int]:
        """Return the tokens of a text that stands by itself."""


class TrainedLayout:
    """Problem and steps tokenised alone, a separator behind each."""

    def __init__(self, tokenizer: StepTokenizer, context: int) -> None:
        self._tokenizer = tokenizer
        self._context = context

    def lay(self, problem: str, steps: Sequence[str]) -> Path:
        """See ``PathLayout``."""
        front, *pieces = self._tokenizer.encode([problem, *steps])
        parts = []
        for found in pieces:
            begin = np.concatenate(([0], found.ends[:-1]))
            piece = np.searchsorted(found.last, np.arange(len(found.ids)))
            spans = [(int(begin[p]), int(found.ends[p])) for p in piece[:-1]]
            parts.append(StepPart(found.ids.tolist(), [*spans, None]))
        laid = join([*self._tokenizer.prefix, *front.ids.tolist()], parts, steps)
        return fitting(laid, self._context)

    def sequence(self, problem: str, steps: Sequence[str]) -> Int32 | None:
        """See ``PathLayout``."""
        ids = self._tokenizer.encode_ids([problem, *steps])
        return np.concatenate((np.array(self._tokenizer.prefix, dtype=np.int32), *ids))

    def alone(self, text: str) -> list[int]:
        """See ``PathLayout``."""
        return [int(i) for i in self._tokenizer.encode_ids([text])[0][:-1]]


class _Place(NamedTuple):
    """Where a step stands in a template's text: its first and last character, and where it counts from."""

    begin: int
    end: int
    zero: int


class _Call(NamedTuple):
    """What a tokenizer was asked, and what it said."""

    text: str
    ids: list[int]
    offsets: list[tuple[int, int]]


class _Recorder:
    """A tokenizer that remembers what it was asked, with offsets."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.calls: list[_Call] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __call__(self, text: str, **options: Any) -> Any:
        found = self._tokenizer(text, **{**options, "return_offsets_mapping": True})
        offsets = [(int(a), int(b)) for a, b in found["offset_mapping"]]
        self.calls.append(_Call(text, list(found["input_ids"]), offsets))
        return found


class PublishedLayout:
    """The layout of an added model, and what can be told of its characters.

    Its tokenizer is watched while it lays a path out: it is either asked once for the whole text, or
    for the problem and each step in turn.
    """

    def __init__(self, layout: Layout, context: int) -> None:
        self._layout = layout
        self._context = context
        self._special = (*special_texts(layout.tokenizer), *layout.marks)

    def lay(self, problem: str, steps: Sequence[str]) -> Path:
        """See ``PathLayout``."""
        for text in (problem, *steps):
            if why := unreadable(text, "the path", self._special):
                raise AlignmentError(f"The path cannot be read: {why}.")
        ids, calls = self._watched(problem, steps)
        laid = (
            self._in_one(problem, steps, ids, calls[0])
            if len(calls) == 1
            else _one_by_one(steps, ids, calls)
        )
        return fitting(laid, self._context)

    def sequence(self, problem: str, steps: Sequence[str]) -> Int32 | None:
        """See ``PathLayout``."""
        try:
            return self._layout.sequence(problem, steps)
        except (ValueError, IndexError):
            if steps:
                raise
            return None  # no step, no mark to read at

    def alone(self, text: str) -> list[int]:
        """See ``PathLayout``."""
        ids: list[int] = self._layout.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _watched(self, problem: str, steps: Sequence[str]) -> tuple[list[int], list[_Call]]:
        layout = copy(self._layout)
        layout.tokenizer = recorder = _Recorder(self._layout.tokenizer)
        return layout.sequence(problem, steps).tolist(), recorder.calls

    def _in_one(self, problem: str, steps: Sequence[str], ids: list[int], call: _Call) -> Path:
        """Find the steps in one text that holds them all."""
        if call.ids[: len(ids)] != ids:
            raise AlignmentError("the layout gave other tokens than its tokenizer at token 0")
        offsets = call.offsets[: len(ids)]
        where = self._places(problem, steps, call.text)
        owner = _owners(offsets, where)
        first = next((i for i, (a, b) in enumerate(offsets) if b > a and b > where[0][0]), len(ids))
        bounds = [first]
        for k in range(len(steps)):
            last = max(np.flatnonzero(owner == k), default=bounds[-1] - 1) + 1
            stop = min(np.flatnonzero(owner > k), default=len(ids))
            # What the path up to here shares with the whole closes the step; the rest opens the next.
            shared = _common(self._layout.sequence(problem, steps[: k + 1]).tolist(), ids)
            bounds.append(int(min(max(shared, last, bounds[-1] + 1), max(stop, last))))
        bounds[-1] = len(ids)
        parts = [
            StepPart(
                ids[a:b],
                [_within(offsets[i], where[k]) if owner[i] == k else None for i in range(a, b)],
            )
            for k, (a, b) in enumerate(pairwise(bounds))
        ]
        if not all(part.ids for part in parts):
            raise AlignmentError("a step has no token of its own in this model's layout")
        return join(ids[:first], parts, steps)

    def _places(self, problem: str, steps: Sequence[str], text: str) -> list[_Place]:
        """Return where each step stands in the text; a template may trim white space at its ends."""
        mark = next(m for m in _MARKERS if not any(m in t for t in (problem, *steps, text)))
        cores = [step.rstrip() for step in steps]
        marked = [f"{core}{mark}{s[len(core) :]}" for core, s in zip(cores, steps, strict=True)]
        _, calls = self._watched(problem, marked)
        pieces = calls[0].text.split(mark)
        if "".join(pieces) != text or len(pieces) != len(steps) + 1:
            at = _common("".join(pieces), text)
            raise AlignmentError(f"the layout changes the steps' text from character {at} on")
        ends = np.cumsum([len(piece) for piece in pieces[:-1]]).tolist()
        found = []
        for core, step, end in zip(cores, steps, ends, strict=True):
            begin = end - len(core)
            if not text[:end].endswith(core.lstrip()):
                raise AlignmentError(f"a step's text is not what stands before character {end}")
            kept = core if text[max(begin, 0) : end] == core else core.lstrip()
            tail = step[len(core) :] if text.startswith(step[len(core) :], end) else ""
            found.append(_Place(end - len(kept), end + len(tail), begin))
        return found


def _one_by_one(steps: Sequence[str], ids: list[int], calls: list[_Call]) -> Path:
    """Find the steps where the problem and each step were tokenised in turn."""
    said = calls[-len(steps) :]
    before = calls[-len(steps) - 1]
    lead = next((i for i in (0, 1) if ids[i : i + len(before.ids)] == before.ids), 0)
    rest = len(ids) - lead - len(before.ids) - sum(len(call.ids) for call in said)
    behind, odd = divmod(rest, len(steps))
    first = at = lead + len(before.ids)
    parts = []
    for call, step in zip(said, steps, strict=True):
        stop = at + len(call.ids)
        if odd or behind < 0 or call.text != step or ids[at:stop] != call.ids:
            raise AlignmentError(
                f"the tokens of a step are not where they should be, at token {at}"
            )
        parts.append(StepPart(ids[at : stop + behind], [*call.offsets, *[None] * behind]))
        at = stop + behind
    return join(ids[:first], parts, steps)


def _owners(offsets: list[tuple[int, int]], where: list[_Place]) -> Any:
    """Return the step whose characters each token holds, -1 for none."""
    owner = np.full(len(offsets), -1)
    spans = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    for k, place in enumerate(where):
        holds = np.maximum(spans[:, 0], place.begin) < np.minimum(spans[:, 1], place.end)
        if (owner[holds] >= 0).any():
            token = int(np.flatnonzero(holds & (owner >= 0))[0])
            raise AlignmentError(
                f"token {token} holds characters of two steps, from character {place.begin} on"
            )
        owner[holds] = k
    return owner


def _within(offsets: tuple[int, int], where: _Place) -> tuple[int, int]:
    """Return a token's characters as the step counts them."""
    return (
        max(offsets[0], where.begin) - where.zero,
        min(offsets[1], where.end) - where.zero,
    )


def _common(a: Sequence[Any], b: Sequence[Any]) -> int:
    """Count what two sequences begin with in common."""
    length = min(len(a), len(b))
    return next((i for i in range(length) if a[i] != b[i]), length)


def fitting(laid: Path, context: int) -> Path:
    """Return ``laid`` if the decoder can read so many tokens.

    Raises:
        AlignmentError: it is longer.
    """
    if len(laid) > context:
        raise AlignmentError(f"The path cannot be read: {too_long(context)}.")
    return laid
