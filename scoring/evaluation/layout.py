"""What can be seen of a solution without reading it: its length, and its form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.evaluation.records import Floats

_LIST = re.compile(r"\s*(?:[-*•]|\(?\d+[.):]|step\s+\d+)", re.IGNORECASE)
_ANSWER = re.compile(r"\\boxed|####|answer\s*(?:is|:)|therefore|thus|hence", re.IGNORECASE)
_FORMULA = re.compile(r"\\[a-zA-Z]+|\$")
_OPERATORS = re.compile(r"[=+*/^<>]")
FEATURES = (
    "place from the start",
    "place from the end",
    "line breaks per character",
    "share of digits",
    "share of operators",
    "TeX per character",
    "share of capitals",
    "starts like a list item",
    "names an answer",
    "ends with a full stop",
)


def length(steps: Sequence[str]) -> Floats:
    """Return ``(S, 1)``: log of the characters of each step."""
    return np.log1p(np.array([[len(text)] for text in steps], dtype=np.float64).reshape(-1, 1))


def form(steps: Sequence[str]) -> Floats:
    """Return ``(S, 10)``, the ``FEATURES`` of each step; none of them grows with its length."""
    total = len(steps)
    rows = [(np.log1p(at), np.log1p(total - 1 - at), *_form(text)) for at, text in enumerate(steps)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(FEATURES))


def lengths(steps: Sequence[str]) -> Floats:
    """Return ``(S, 2)``: log of the characters of each step, and of all up to its end."""
    size = np.array([len(text) for text in steps], dtype=np.float64)
    return np.log1p(np.stack([size, np.cumsum(size)], axis=1))


def forms(steps: Sequence[str]) -> Floats:
    """Return ``(S, 20)``: the ``FEATURES`` of each step, and their mean over all up to it."""
    own = form(steps)
    mean = np.cumsum(own, axis=0) / np.arange(1, len(own) + 1)[:, None]
    return np.hstack([own, mean])


def marked(steps: Sequence[str], key: str) -> Floats:
    """Return ``(S,)`` 1 where a step has TeX (``tex``) or starts like a list item (``list``), else 0."""
    seen = _FORMULA.search if key == "tex" else _LIST.match
    return np.array([float(seen(text) is not None) for text in steps], dtype=np.float64)


def whole_length(steps: Sequence[str]) -> Floats:
    """Return ``(1,)``: log of the characters of the solution."""
    return np.log1p(np.array([float(sum(map(len, steps)))]))


def whole_form(steps: Sequence[str]) -> Floats:
    """Return ``(11,)``: log of the number of steps, and the mean of their features."""
    return np.concatenate([[np.log1p(len(steps))], form(steps).mean(axis=0)])


def _form(text: str) -> tuple[float, ...]:
    size = max(len(text), 1)
    return (
        text.count("\n") / size,
        sum(map(str.isdigit, text)) / size,
        len(_OPERATORS.findall(text)) / size,
        len(_FORMULA.findall(text)) / size,
        sum(map(str.isupper, text)) / size,
        float(_LIST.match(text) is not None),
        float(_ANSWER.search(text) is not None),
        float(text.rstrip().endswith((".", "!", "?"))),
    )
