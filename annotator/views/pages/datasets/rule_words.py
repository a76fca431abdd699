"""What a snapshot and an export were made with, in the words of the forms that ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.registry import EXPORTERS
from annotator.services.jobs.requests import AGGREGATES, NEUTRALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Words = list[tuple[str, str]]
WHO = {
    "adjudicated": "final decisions",
    "person": "people",
    "imported": "labels that came with the data",
    "machine": "checkers",
    "model": "models",
}


def rule_words(rules: Mapping[str, Any]) -> Words:
    """Return the rules of a snapshot; what an older one does not know is left out."""
    found = {
        "When raters differ": AGGREGATES.get(rules.get("aggregate", "")),
        "A neutral rating": NEUTRALS.get(rules.get("neutral", "")),
        "Whose judgements": _who(rules.get("rater_kinds", ())),
        "Whose come first": _who(rules.get("rank", ()), " before "),
        "Criteria, the most important first": "; ".join(
            _criterion(item) for item in rules.get("criteria", ())
        ),
        "Splits by problem": ", ".join(
            f"{name} {share:.4g} %"
            for name, share in ((k, v * 100) for k, v in rules.get("splits", {}).items())
        ),
    }
    return [(name, value) for name, value in found.items() if value]


def filter_words(chosen: Mapping[str, Any]) -> Words:
    """Return which problems a snapshot took."""
    words = []
    if "problems" in chosen:
        words.append(f"{len(chosen['problems']):,} chosen ones")
    if chosen.get("labelled"):
        words.append("only those with a label")
    return [("Problems", ", ".join(words) or "all")]


def option_words(key: str, options: Mapping[str, Any]) -> Words:
    """Return the options of an export by their labels; those of a format that is gone by name."""
    row = EXPORTERS.get(key)
    labels = {option.name: option.label for option in row.options} if row else {}
    return [(labels.get(name, name), _value(value)) for name, value in options.items()]


def _who(kinds: Iterable[str], between: str = ", ") -> str:
    return between.join(WHO.get(kind, kind) for kind in kinds)


def _criterion(item: Mapping[str, Any]) -> str:
    told = [f"margin {item['margin']:g}"] if item.get("margin") else []
    told += ["a gate"] if item.get("gate") else []
    return f"{item['label']} ({', '.join(told)})" if told else str(item["label"])


def _value(value: object) -> str:
    """Return a value as it is typed: line breaks and tabs of separators show."""
    text = f"{value}".replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return text or "–"
