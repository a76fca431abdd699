"""PRMBench: the original and the modified process, two traces of one problem or of two.

Some records change the question together with the process. The errors are then meant under
``modified_question``, which is also what the benchmark shows to a model, so that process hangs below
a problem of its own.

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
    """Yield two flat traces per record, under one problem or two."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> list[TreeRecord]:
    original, modified = texts(record, "original_process"), texts(record, "modified_process")
    errors = _errors(record, len(modified))
    kind = text(record, "classification")
    if not errors and kind != "multi_solutions":
        raise FieldError(
            "field 'error_steps' is empty, which only 'multi_solutions' records may be"
        )
    # Neither 'idx' nor 'idx' with the class is unique: several solutions share one problem.
    name = f"{kind}/{filled_text(record, 'idx')}/{digest(record)}"
    problem = ProblemRecord(
        filled_text(record, "original_question"), scalar_text(record, "ground_truth")
    )
    first = TreeRecord(
        key=name,
        problem=problem,
        nodes=chain(original),
        traces=[TraceRecord(len(original) - 1, f"{name}:original", meta={"process": "original"})],
        merge=True,
        labels=[LabelRecord(node, _RATER, 1) for node in range(len(original))],
        meta=extras(record, _KNOWN),
        warnings=_warnings(record, len(modified)),
    )
    asked = _modified_question(record, problem.prompt)
    if asked == problem.prompt:
        _add_modified(first, record, modified, errors, kind, name)
        return [first]
    # The reference answers the original question; for the other one the source has none.
    second = TreeRecord(
        f"{name}:modified", ProblemRecord(asked), [], [], merge=True, meta=extras(record, _KNOWN)
    )
    _add_modified(second, record, modified, errors, kind, name)
    return [first, second]


def _modified_question(record: dict[str, Any], original: str) -> str:
    """Return what the modified process answers; white space alone makes no other question."""
    asked = optional_text(record, "modified_question")
    same = not asked.strip() or "".join(asked.split()) == "".join(original.split())
    return original if same else asked


def _add_modified(
    tree: TreeRecord,
    record: dict[str, Any],
    modified: list[str],
    errors: set[int],
    kind: str,
    name: str,
) -> None:
    start = len(tree.nodes)
    tree.nodes += chain(modified, start)
    tree.traces.append(
        TraceRecord(len(tree.nodes) - 1, f"{name}:modified", meta=_modified_meta(record))
    )
    for step in range(1, len(modified) + 1):
        wrong = step in errors
        rating, error_type = (-1, kind) if wrong else (1, "")
        tree.labels.append(LabelRecord(start + step - 1, _RATER, rating, error_type=error_type))


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
