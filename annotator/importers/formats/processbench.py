"""ProcessBench: ``label`` is the 0-based index of the first wrong step, -1 = none."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain, correct, first_error_labels
from annotator.importers.fields import (
    boolean,
    extras,
    filled_text,
    index,
    member,
    optional_text,
    texts,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import ImportItem, ProblemRecord, RaterRecord, TraceRecord, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

_KNOWN = ("id", "generator", "problem", "steps", "final_answer_correct", "label")
_RATER = RaterRecord("imported", "processbench")


def sniff(head: bytes) -> bool:
    """``problem`` and ``steps`` with the verdict or the generator."""
    seen = outline(head)
    return seen.has("problem", "steps") and (
        seen.has("final_answer_correct") or seen.has("id", "generator")
    )


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one flat trace per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    steps = texts(record, "steps")
    error = index(member(record, "label"), "label", -1, len(steps) - 1, "0-based, -1 = no error")
    outcomes = []
    if record.get("final_answer_correct") is not None:
        outcomes.append(correct(boolean(record, "final_answer_correct"), "final_answer_correct"))
    key = f"{optional_text(record, 'id')}:{digest(record)}"
    return TreeRecord(
        key=key,
        problem=ProblemRecord(filled_text(record, "problem")),
        nodes=chain(steps),
        traces=[
            TraceRecord(
                len(steps) - 1,
                key=key,
                model=optional_text(record, "generator"),
                outcomes=outcomes,
            )
        ],
        merge=True,
        labels=first_error_labels(len(steps), None if error < 0 else error, _RATER),
        meta=extras(record, _KNOWN),
    )
