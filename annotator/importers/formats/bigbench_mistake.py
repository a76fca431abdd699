"""BIG-Bench Mistake: ``mistake_index`` is the 0-based first mistake, null = none."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain, correct, first_error_labels
from annotator.importers.fields import (
    extras,
    filled_text,
    index,
    member,
    optional_text,
    scalar_text,
    texts,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import ImportItem, ProblemRecord, RaterRecord, TraceRecord, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

_KNOWN = ("input", "steps", "target", "mistake_index")
_RATER = RaterRecord("imported", "bigbench_mistake")


def sniff(head: bytes) -> bool:
    """``input`` and ``steps`` with the mistake or both answers."""
    seen = outline(head)
    return seen.has("input", "steps") and (
        seen.has("mistake_index") or seen.has("target", "answer")
    )


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one flat trace per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    steps = texts(record, "steps")
    mistake = member(record, "mistake_index")
    if mistake is not None:
        mistake = index(mistake, "mistake_index", 0, len(steps) - 1, "0-based, null = no mistake")
    target, answer = scalar_text(record, "target"), optional_text(record, "answer")
    outcomes = []
    if target:
        # A missing answer is a wrong one: the model was asked and gave none.
        outcomes.append(correct(answer.strip() == target.strip(), "answer equals target"))
    return TreeRecord(
        key=digest(record),
        problem=ProblemRecord(filled_text(record, "input"), target),
        nodes=chain(steps),
        traces=[TraceRecord(len(steps) - 1, outcomes=outcomes)],
        merge=True,
        labels=first_error_labels(len(steps), mistake, _RATER),
        meta=extras(record, _KNOWN),
    )
