"""PRM step scores for candidates imported before: one row per candidate and model.

A row joins on ``problem_id`` and ``candidate_index`` (0-based). A second, different list for one
candidate of one model is refused naming the line of the first.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.fields import (
    FieldError,
    array,
    boolean,
    filled_text,
    index,
    member,
    probability,
    same_length,
)
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import ImportItem, Rejected, TraceScoresRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_CANDIDATES = 10**6


def sniff(head: bytes) -> bool:
    """Scores and the place of the candidate they belong to."""
    return outline(head).has("problem_id", "candidate_index", "step_scores")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one list of scores per record."""
    firsts: dict[int, tuple[int, int]] = {}  # hash of the key -> hash of the scores, place
    for item in build_each(stream, _build):
        if isinstance(item, TraceScoresRecord):
            content = hash(tuple(item.values))
            place = item.line or item.record + 1
            first, where = firsts.setdefault(hash(item.key), (content, place))
            if first != content:
                what = "line" if item.line else "row"
                yield Rejected(
                    "field 'step_scores' differs from the row for the same candidate and model "
                    f"in {what} {where}",
                    item.line,
                    item.record,
                )
                continue
        yield item


def _build(record: dict[str, Any]) -> TraceScoresRecord:
    model = filled_text(record, "prm_name")
    position = index(member(record, "candidate_index"), "candidate_index", 0, _MAX_CANDIDATES)
    trace = f"{filled_text(record, 'problem_id')}:{position}"
    scores = array(record, "step_scores")
    if not scores:
        raise FieldError("field 'step_scores' is empty: a trace has at least one step")
    values = [probability(score, f"step_scores[{i}]") for i, score in enumerate(scores)]
    claims: dict[str, Any] = {}
    if record.get("n_steps") is not None:
        claims["n_steps"] = index(record["n_steps"], "n_steps", 0, _MAX_CANDIDATES)
        same_length("step_scores", values, "n_steps", claims["n_steps"])
    if record.get("is_correct") is not None:
        claims["is_correct"] = boolean(record, "is_correct")
    return TraceScoresRecord(
        key=f"{model}:{trace}",
        trace_format="bon_candidates",
        trace_key=trace,
        model=model,
        values=values,
        claims=claims,
    )
