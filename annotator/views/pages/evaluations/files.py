"""The numbers of an evaluation as rows of a CSV file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.downloads import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from annotator.models import EvaluationResult

BASELINES = ("length", "format")
ENDS = ("value", "low", "high")
HEAD = (
    *("suite", "key", "label", "split", "series", "x", "value", "low", "high", "n", "unit", "p"),
    *("first", "first_low", "first_high", "second", "second_low", "second_high"),
    *(f"{name}{end}" for name in BASELINES for end in ("", "_difference_low", "_difference_high")),
    *("protocol", "undefined"),
)
Found = dict[str, Any]


def csv_rows(results: Sequence[EvaluationResult]) -> Iterator[list[str]]:
    """Yield the head and a row per number; ``value`` of a comparison is the difference."""
    yield list(HEAD)
    for result in results:
        report = result.report or {}
        for found in report.get("differences") or report.get("numbers") or ():
            yield [_cell(value) for value in _row(result.suite, found)]


def _row(suite: str, found: Found) -> list[Any]:
    estimate = found.get("difference") or found["estimate"]
    two = [found.get(side) or {} for side in ("first", "second")]
    beside = [(found.get("baselines") or {}).get(name) or {} for name in BASELINES]
    return [
        *(suite, found["key"], found["label"], found["split"], found["series"], found["x"]),
        *(estimate[end] for end in ENDS),
        *(estimate["n"], found["unit"], found.get("p")),
        *(side.get(end) for side in two for end in ENDS),
        *(
            value
            for one in beside
            for value in (
                one.get("value", {}).get("value"),
                one.get("difference", {}).get("low"),
                one.get("difference", {}).get("high"),
            )
        ),
        *(found["protocol"], estimate["undefined"]),
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return csv_text(value) if isinstance(value, str) else repr(value)
