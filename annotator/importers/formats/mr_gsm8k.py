"""MR-GSM8K evaluation results: a JSON array; the first error step is 1-based.

The judge's answer and the grading of its reason stay in the record's ``meta``. Some records of the
published files have the first line of the solution, "Let's think step by step.", in the place of the
reference answer; the files hold no other field with it, so such a problem has no reference.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain, correct, first_error_labels
from annotator.importers.fields import (
    extras,
    fail,
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

_STEPS = "model_output_steps"
_SOLUTION = "model_output_solution_correctness"
_ANSWER = "model_output_answer_correctness"
_ERROR = "model_output_solution_first_error_step"
_REASON = "model_output_solution_first_error_reason"
_KNOWN = ("question", "ground_truth_answer", _STEPS, _ANSWER, _ERROR, _REASON)
_RATER = RaterRecord("imported", "mr_gsm8k")
_NO_ANSWER = "let's think step by step"
_NO_ERROR = (None, "", "N/A")


def sniff(head: bytes) -> bool:
    """The steps of the model under their long name."""
    return outline(head).has("question", _STEPS)


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one flat trace per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    steps = texts(record, _STEPS)
    error = _first_error(record, len(steps))
    reference = scalar_text(record, "ground_truth_answer")
    meta, warnings = extras(record, _KNOWN), []
    if reference.strip().rstrip(".").casefold() == _NO_ANSWER:
        meta["ground_truth_answer"] = record["ground_truth_answer"]
        warnings.append(f"field 'ground_truth_answer' is no answer: '{reference}'; left empty")
        reference = ""
    # The uuid names the question variant; several models answered it.
    key = f"{filled_text(record, 'uuid')}:{digest(record)}"
    return TreeRecord(
        key=key,
        problem=ProblemRecord(filled_text(record, "question"), reference),
        nodes=chain(steps),
        traces=[
            TraceRecord(len(steps) - 1, key, outcomes=[correct(_verdict(record, _ANSWER), _ANSWER)])
        ],
        merge=True,
        labels=first_error_labels(len(steps), error, _RATER, optional_text(record, _REASON)),
        meta=meta,
        warnings=warnings,
    )


def _verdict(record: dict[str, Any], name: str) -> bool:
    value = member(record, name)
    if value not in ("correct", "wrong"):
        fail(name, "'correct' or 'wrong'", value)
    return bool(value == "correct")


def _first_error(record: dict[str, Any], n_steps: int) -> int | None:
    """Return the 0-based first error, None for a right solution."""
    step = member(record, _ERROR)
    if _verdict(record, _SOLUTION):
        if step not in _NO_ERROR:
            fail(_ERROR, f"no step, as '{_SOLUTION}' is 'correct'", step)
        return None
    return index(step, _ERROR, 1, n_steps, "1-based") - 1
