"""TRL stepwise supervision: ``prompt``, ``completions`` and one label per completion.

A label is true/false (+1/-1) or a soft value in [0, 1]; a soft value rates +1 from 0.5 on and -1
below, and is kept exactly in the label's ``meta["soft"]``. The whole numbers 0 and 1 are booleans.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain
from annotator.importers.fields import (
    FieldError,
    array,
    extras,
    fail,
    filled_text,
    probability,
    same_length,
    texts,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import (
    ImportItem,
    LabelRecord,
    ProblemRecord,
    RaterRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_RATER = RaterRecord("imported", "trl_stepwise")


def sniff(head: bytes) -> bool:
    """``prompt`` and ``completions`` (in the plural)."""
    seen = outline(head)
    return seen.has("prompt", "completions") and not seen.has("completions.role")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one flat trace per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    if isinstance(record.get("prompt"), list):
        raise FieldError("field 'prompt' is a conversation; stepwise supervision has texts only")
    prompt = filled_text(record, "prompt")
    steps = texts(record, "completions")
    values = array(record, "labels")
    same_length("labels", values, "completions", len(steps))
    return TreeRecord(
        key=digest(record),
        problem=ProblemRecord(prompt),
        nodes=chain(steps),
        traces=[TraceRecord(len(steps) - 1)],
        merge=True,
        labels=[_label(node, value) for node, value in enumerate(values)],
        meta=extras(record, ("prompt", "completions", "labels")),
    )


def _label(node: int, value: object) -> LabelRecord:
    if isinstance(value, float):
        soft = probability(value, f"labels[{node}]")
        return LabelRecord(node, _RATER, 1 if soft >= 0.5 else -1, meta={"soft": soft})
    if value not in (0, 1):  # true and false are among them
        fail(f"labels[{node}]", "true, false or a number from 0 to 1", value)
    return LabelRecord(node, _RATER, 1 if value else -1)
