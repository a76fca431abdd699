"""PRMBench: the original and the modified process are two traces of one problem.

``error_steps`` are 1-based positions in the modified process and list *every* wrong step, so all
others are right. ``modified_steps`` are kept but not used; upstream some of them point past the end,
which is a warning, because no label depends on them.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain
from annotator.importers.fields import (
    FieldError,
    array,
    extras,
    filled_text,
    index,
    optional_text,
    scalar_text,
    text,
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

_KNOWN = (
    "original_process",
    "modified_process",
    "error_steps",
    "original_question",
    "ground_truth",
)
_RATER = RaterRecord("imported", "prmbench")


def sniff(head: bytes) -> bool:
    """Both processes at the top of the record."""
    return outline(head).has("original_process", "modified_process")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield two flat traces per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    original, modified = texts(record, "original_process"), texts(record, "modified_process")
    errors = _errors(record, len(modified))
    kind = text(record, "classification")
    if not errors and kind != "multi_solutions":
        raise FieldError(
            "field 'error_steps' is empty, which only 'multi_solutions' records may be"
        )
    labels = [LabelRecord(node, _RATER, 1) for node in range(len(original))]
    for step in range(1, len(modified) + 1):
        wrong = step in errors
        error_type = kind if wrong else ""
        node = len(original) + step - 1
        labels.append(LabelRecord(node, _RATER, -1 if wrong else 1, error_type=error_type))
    # Neither 'idx' nor 'idx' with the class is unique: several solutions share one problem.
    name = f"{kind}/{filled_text(record, 'idx')}/{digest(record)}"
    return TreeRecord(
        key=name,
        problem=ProblemRecord(
            filled_text(record, "original_question"), scalar_text(record, "ground_truth")
        ),
        nodes=chain(original) + chain(modified, len(original)),
        traces=[
            TraceRecord(len(original) - 1, f"{name}:original", meta={"process": "original"}),
            TraceRecord(
                len(original) + len(modified) - 1, f"{name}:modified", meta=_modified_meta(record)
            ),
        ],
        merge=True,
        labels=labels,
        meta=extras(record, _KNOWN),
        warnings=_warnings(record, len(modified)),
    )


def _errors(record: dict[str, Any], n_steps: int) -> set[int]:
    return {
        index(step, f"error_steps[{i}]", 1, n_steps, "1-based step of 'modified_process'")
        for i, step in enumerate(array(record, "error_steps"))
    }


def _modified_meta(record: dict[str, Any]) -> dict[str, Any]:
    return {"process": "modified", "reason": optional_text(record, "reason")}


def _warnings(record: dict[str, Any], n_steps: int) -> list[str]:
    steps = record.get("modified_steps")
    if not isinstance(steps, list):
        return []
    return [
        f"field 'modified_steps[{i}]': {step} is not a step of the modified process ({n_steps} steps)"
        for i, step in enumerate(steps)
        if type(step) is not int or not 1 <= step <= n_steps
    ]
