"""GSM8K example model solutions: one question, several models, each with ``is_correct``.

A line of a solution is a step; the last line ``A: 18`` is the answer step.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain, correct
from annotator.importers.fields import FieldError, boolean, extras, filled_text
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import ImportItem, NodeRecord, ProblemRecord, TraceRecord, TreeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANSWER = "A:"


def sniff(head: bytes) -> bool:
    """A question with its ground truth and at least one judged solution."""
    seen = outline(head)
    judged = any(path.endswith(".is_correct") and path.count(".") == 1 for path in seen.paths)
    return seen.has("question", "ground_truth") and judged


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one record per question, with a flat trace per model."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    truth = filled_text(record, "ground_truth")
    key = digest(record)
    nodes: list[NodeRecord] = []
    traces: list[TraceRecord] = []
    for model, solution in record.items():
        if isinstance(solution, dict) and "solution" in solution:
            nodes += _steps(solution, f"{model}.", len(nodes))
            outcome = correct(boolean(solution, "is_correct", f"{model}."), "is_correct")
            kept = extras(solution, ("solution", "is_correct"), f"{model}.")
            traces.append(
                TraceRecord(len(nodes) - 1, f"{key}:{model}", model, outcomes=[outcome], meta=kept)
            )
    if not traces:
        raise FieldError("no member with a 'solution' and 'is_correct'")
    return TreeRecord(
        key=key,
        problem=ProblemRecord(
            filled_text(record, "question"), _answer(truth), {"ground_truth": truth}
        ),
        nodes=nodes,
        traces=traces,
        merge=True,
        meta=extras(record, {"question", "ground_truth", *(trace.model for trace in traces)}),
    )


def _steps(solution: dict[str, Any], path: str, start: int) -> list[NodeRecord]:
    lines = filled_text(solution, "solution", path).split("\n")
    nodes = chain([line for line in lines if line.strip()], start)
    if nodes[-1].text.startswith(_ANSWER):
        nodes[-1].kind = "answer"
    return nodes


def _answer(truth: str) -> str:
    """Return the final answer of a gold solution, ``""`` if it names none."""
    last = truth.rstrip().rsplit("\n", 1)[-1].strip()
    for mark in (_ANSWER, "####"):
        if last.startswith(mark):
            return last.removeprefix(mark).strip()
    return ""
