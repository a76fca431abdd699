"""A judge's answer as verdicts. Models wrap JSON in fences, words and thoughts; what is not there is not guessed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from scoring.errors import JudgeAnswerError

VERDICTS = {"right": 1.0, "wrong": 0.0, "unsure": 0.5}
LONGEST_REASON = 2000
_SHOWN = 80
_ENTRY = "an entry of steps is no object with a step number"
MOST_OBJECTS = 10_000
"""Beginnings of objects that are tried: reading must end soon, whatever a server sends."""
_OBJECT = re.compile(r'\{\s*"')
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one vote says of one step: 1 right, 0 wrong, 0.5 unsure."""

    value: float
    reason: str


def verdicts(answer: str, first: int, last: int) -> dict[int, Verdict]:
    """Read the verdicts on steps ``first`` … ``last`` out of ``answer``.

    Thoughts between ``<think>`` marks are passed over; of several JSON objects the last that has
    ``steps`` counts.

    Returns:
        Step number → verdict, complete.

    Raises:
        JudgeAnswerError: no such object, or a step that is missing, named twice or judged by
            another word than right, wrong or unsure.
    """
    found: dict[int, Verdict] = {}
    for entry in _entries(answer):
        number, verdict = _entry(entry)
        if number in found:
            raise JudgeAnswerError(
                f"step {number} is judged twice", reason="a step is judged twice"
            )
        if first <= number <= last:
            found[number] = verdict
    missing = [n for n in range(first, last + 1) if n not in found]
    if missing:
        raise JudgeAnswerError(f"step {missing[0]} has no verdict", reason="a step has no verdict")
    return found


def _entries(answer: str) -> list[Any]:
    text = _THOUGHT.sub("", answer)
    decoder = json.JSONDecoder()
    entries: list[Any] | None = None
    end = 0
    for start in islice(_OBJECT.finditer(text), MOST_OBJECTS):
        if start.start() < end:
            continue
        try:
            value, end = decoder.raw_decode(text, start.start())
        except ValueError:
            continue
        except RecursionError:
            break
        if isinstance(value, dict) and isinstance(value.get("steps"), list):
            entries = value["steps"]
    if entries is None:
        raise JudgeAnswerError(
            f"no JSON object with steps in '{answer.strip()[:_SHOWN]}'",
            reason="no JSON object with steps",
        )
    return entries


def _entry(entry: Any) -> tuple[int, Verdict]:
    if not isinstance(entry, dict):
        raise JudgeAnswerError("an entry of steps is no object", reason=_ENTRY)
    number, word = entry.get("step"), str(entry.get("verdict", "")).strip().lower()
    if not isinstance(number, int) or isinstance(number, bool):
        raise JudgeAnswerError(f"'{str(number)[:_SHOWN]}' is no step number", reason=_ENTRY)
    if word not in VERDICTS:
        known = ", ".join(VERDICTS)
        raise JudgeAnswerError(
            f"verdict '{word[:_SHOWN]}' of step {number} is none of {known}",
            reason=f"a verdict is none of {known}",
        )
    return number, Verdict(VERDICTS[word], plain(str(entry.get("reason") or ""), LONGEST_REASON))


def plain(text: str, longest: int) -> str:
    """Return the first ``longest`` characters, without U+0000 and lone surrogates.

    Whoever answers writes what it likes; no database and no UTF-8 file takes these two.
    """
    return text[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
