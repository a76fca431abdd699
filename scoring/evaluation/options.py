r"""The answer options of a multiple-choice problem, and the same problem with its options in another order.

A problem is read as multiple choice if it lists (A), (B), … (or "A." at the start of lines, or "A)")
in their order, two at least. Only what stands behind the letters changes places; letters stay where they
are, and where the solutions name an option, the letter becomes that of the same option in the new order.
Options that speak of others ("none of the above", "A and B") keep their place.

Which letters in a solution name an option is a guess by its form: (B), \boxed{B}, "option B",
"the answer is B.", or a line that starts with "B)". A bare B in a sentence stays, as it may be a point.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

LETTERS = "ABCDEFGHIJ"
_FONT = r"\\(?:text|textbf|textrm|mathrm|mathbf|rm)\s*\{\s*"
_MARKERS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"(?:(?:{_FONT})+|(?<!\w))\(([A-J])\)(?:\s*\}})*",
        r"^[ \t]*\*{0,2}([A-J])[.):]\*{0,2}(?=\s)",
        r"(?<![\w(])([A-J])[.)](?=\s)",
    )
)
# Drawings name points by such letters. Some data sets have the two characters \n for a line break.
_DRAWING = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)
_BREAK = r"(?:\n|\\n(?![a-z]))"
# What stands between an option and the next letter and belongs to neither.
_BETWEEN = re.compile(r"(?:[\s.,;~$&]|\\\\|\\q?quad\b|\\hspace\*?\{[^{}]*\}|\\[ ,;])*\Z")
_OF_OTHERS = re.compile(
    r"(?i:\b(?:above|below|these|both|neither|either)\b|^\W*(?:none|all)\b)"
    r"|\([A-J]\)|\b[A-J]\s*(?:and|or|,|&)\s*[A-J]\b"
)
_END = r"(?=\s*(?:[.,;:)*}!?]|$|and\b|or\b|is\b|because\b|since\b|as\b))"
_NAMED = re.compile(
    rf"(?<!\w)\(([A-J])\)"
    rf"|\\boxed\s*\{{\s*(?:{_FONT})?\(?([A-J])(?![\w'^_])"
    rf"|{_FONT}([A-J])\s*\}}"
    rf"|\b(?i:options?|choices?)\s+\**([A-J])\b"
    rf"|\b(?i:answers?(?:\s+is|\s+must\s+be)?)\s*:?\s*\**([A-J])\b{_END}"
    r"|^[ \t]*\**([A-J])[.)](?=\s)"
    r"|\A\s*([A-J])\s*[.)]?\s*\Z",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Shuffled:
    """A problem with its options in another order.

    Attributes:
        prompt: its text.
        letters: from each option's letter in the problem as it was to its letter in this one.
    """

    prompt: str
    letters: Mapping[str, str]

    def relettered(self, text: str) -> str:
        """Return a text of a solution with the letters of the new order where it names options."""

        def named(match: re.Match[str]) -> str:
            group = match.lastindex or 0
            start, end = (at - match.start() for at in match.span(group))
            whole, letter = match[0], match[group]
            return whole[:start] + self.letters.get(letter, letter) + whole[end:]

        return _NAMED.sub(named, text)


def shuffled(prompt: str) -> Shuffled | None:
    """Return a problem with every free option in another place, always the same; None without options."""
    places = _options(prompt)
    free = [k for k, (a, b) in enumerate(places) if not _OF_OTHERS.search(prompt[a:b])]
    if len(free) < 2:
        return None
    seed = int.from_bytes(sha256(prompt.encode()).digest()[:8], "big")
    ring = np.random.default_rng(seed).permutation(free).tolist()
    source = list(range(len(places)))  # one ring: no free option stays
    for here, there in zip(ring, ring[1:] + ring[:1], strict=True):
        source[there] = here
    text, done = [], 0
    for (start, end), old in zip(places, source, strict=True):
        text += [prompt[done:start], prompt[slice(*places[old])]]
        done = end
    letters = {LETTERS[old]: LETTERS[new] for new, old in enumerate(source)}
    return Shuffled("".join([*text, prompt[done:]]), letters)


def _options(prompt: str) -> list[tuple[int, int]]:
    """Return start and end of what stands behind A, B, C, …; empty without options."""
    seen = _DRAWING.sub(lambda drawing: " " * len(drawing[0]), prompt)
    for marker in _MARKERS:
        run = _longest_run(list(marker.finditer(seen)))
        if len(run) > 1:
            return _contents(prompt, run)
    return []


def _longest_run(found: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the longest run of letters in their order from A, the last one of equally long ones."""
    best: list[re.Match[str]] = []
    run: list[re.Match[str]] = []
    for match in found:
        if match[1] == "A":
            run = [match]
        elif run and match[1] == LETTERS[len(run) % len(LETTERS)]:
            run = [*run, match]
        if run and len(run) >= len(best):
            best = run
    return best


def _contents(prompt: str, run: list[re.Match[str]]) -> list[tuple[int, int]]:
    """Return where the text of each option starts and ends, without what separates options."""
    ends = [after.start() for after in run[1:]]
    lines = not any(
        re.search(_BREAK, prompt[match.end() : end].strip())
        for match, end in zip(run, ends, strict=False)
    )
    stop = re.compile(_BREAK if lines else rf"{_BREAK}\s*{_BREAK}").search(
        prompt, run[-1].end() + 1
    )
    ends.append(stop.start() if stop else len(prompt))
    places = []
    for match, end in zip(run, ends, strict=True):
        text = prompt[match.end() : end]
        cut = _BETWEEN.search(text)
        kept = text[: cut.start()] if cut else text
        if kept.count("$") % 2 and prompt[: match.start()].count("$") % 2:
            kept = kept[: kept.index("$")]  # all options are in one formula, which ends here
        elif kept.count("$") % 2 and text[len(kept) :].startswith("$"):
            kept += "$"  # it closes a formula of this option
        start = match.end() + len(kept) - len(kept.lstrip())
        places.append((start, max(start, match.end() + len(kept))))
    return places
