"""A problem's tree as the records that ``scoring.tree.Tree.from_records`` takes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from annotator.models import Outcome, Step, StepScore, Trace
from annotator.models.finite import known
from annotator.queries.blindness import EVERYTHING

if TYPE_CHECKING:
    from annotator.models import Problem, RewardModel
    from annotator.queries.blindness import Sight

ROOT_ID = 0
FIELDS = {
    "id": "id",
    "parent_id": "parent",
    "depth": "depth",
    "kind": "kind",
    "agent": "agent",
    "level": "level",
    "text": "text",
    "state_before": "state",
    "state_after": "state_after",
    "value": "value",
    "visits": "visits",
    "n_tokens": "n_tokens",
}
# Left out of a record where they say nothing.
SEARCHED = ("value", "visits")
OPTIONAL = ("agent", "level", "state", "state_after", "value", "visits", "n_tokens")


def tree_records(
    *, problem: Problem, outcome: str, model: RewardModel | None = None, sight: Sight = EVERYTHING
) -> list[dict[str, Any]]:
    """Return the nodes of ``problem`` in pre-order, the problem itself first with id 0.

    Args:
        problem: whose tree.
        outcome: name of the outcome that goes into ``outcome``: a list with one entry for every
            trace that ends at the node, None = unknown.
        model: whose step scores go into ``score``.
        sight: what the reader may see; hidden scores and search values are left out.
    """
    outcomes = _outcomes(problem, outcome)
    scores: dict[int, float] = {}
    if model is not None:
        rows = StepScore.objects.filter(model=model, step__problem=problem, **known("score"))
        scores = dict(rows.values_list("step_id", "score"))
    records: list[dict[str, Any]] = [
        {"id": ROOT_ID, "parent": None, "depth": 0, "text": problem.prompt}
    ]
    steps = Step.objects.filter(problem=problem).order_by("preorder")
    for row in steps.values_list(*FIELDS):
        record = dict(zip(FIELDS.values(), row, strict=True))
        record["parent"] = record["parent"] or ROOT_ID
        seen = sight.sees_scores(record["id"])
        for name in OPTIONAL:
            if record[name] in (None, "") or (name in SEARCHED and not seen):
                del record[name]
        if record["id"] in outcomes:
            record["outcome"] = outcomes[record["id"]]
        if seen and record["id"] in scores:
            record["score"] = scores[record["id"]]
        records.append(record)
    return records


def trace_rows(*, problem: Problem, sight: Sight = EVERYTHING) -> list[dict[str, Any]]:
    """Return the traces of ``problem`` with all their outcomes, in the order of import.

    Keys, which may say what a source thinks of a trace, are empty where its labels are hidden.
    """
    named: dict[int, dict[str, float | None]] = defaultdict(dict)
    rows = Outcome.objects.filter(trace__problem=problem).values_list("trace_id", "name", "value")
    for trace_id, name, value in rows:
        named[trace_id][name] = value
    traces = Trace.objects.filter(problem=problem).order_by("ordinal")
    return [
        {
            "id": pk,
            "end": end,
            "key": key if sight.sees_labels(end) else "",
            "model": model,
            "outcomes": named.get(pk, {}),
        }
        for pk, end, key, model in traces.values_list("pk", "end_id", "key", "model")
    ]


def _outcomes(problem: Problem, name: str) -> dict[int, list[float | None]]:
    values: dict[int, float | None] = dict(
        Outcome.objects.filter(trace__problem=problem, name=name).values_list("trace_id", "value")
    )
    grouped: dict[int, list[float | None]] = defaultdict(list)
    traces = Trace.objects.filter(problem=problem).order_by("ordinal")
    for trace_id, end_id in traces.values_list("pk", "end_id"):
        grouped[end_id].append(values.get(trace_id))
    return grouped
