"""The tabs of the inspector: what is known about the chosen step, one builder per tab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from django.urls import reverse

from annotator.queries.blindness import labels_visible
from annotator.queries.guidelines.inbox import answers_on_step
from annotator.queries.judges import verdicts_visible
from annotator.queries.trees.columns import outcomes_by_trace, traces_ending_at
from annotator.queries.trees.paths import source_record
from annotator.views.workbench.credits import credit_row
from annotator.views.workbench.state import TABS

if TYPE_CHECKING:
    from annotator.models import Outcome, Problem, Trace
    from annotator.queries.credit.colored import Coloring
    from annotator.views.workbench.reader import Workbench

TRACES_SHOWN = 50
TOKENS_SHOWN = 2_000
# A judge's vote: word and class of its badge.
WORDS = {
    1.0: {"word": "right", "tone": "good"},
    0.5: {"word": "unsure", "tone": "unsure"},
    0.0: {"word": "wrong", "tone": "bad"},
}


def inspector_context(bench: Workbench) -> dict[str, Any]:
    """Return what the inspector's fragment draws for the chosen tab."""
    tab = bench.state.tab
    return {
        "bench": bench,
        "problem": bench.problem,
        "project": bench.access.project,
        "access": bench.access,
        "step": bench.step,
        "tab": tab,
        "tabs": [(key, label, bench.state.query(tab=key)) for key, label in TABS.items()],
        "coloring": bench.coloring,
        **BUILDERS[tab](bench),
    }


def _credit(bench: Workbench) -> dict[str, Any]:
    """List the step by what costs little and by the chosen method; the rest is asked for."""
    at = bench.step.preorder if bench.step is not None else 0
    shown = {one.key: one for one in bench.colorings.plain_methods()}
    shown.setdefault(bench.coloring.key, bench.coloring)
    return {
        "credits": [credit_row(bench, one, at) for one in shown.values() if not one.missing],
        "exact": float(bench.coloring.values[at]),
        "interval": _interval(bench.coloring, at),
        "on_trace": bench.on_trace(bench.step) if bench.step is not None else None,
        "here_url": bench.url("credit-here"),
        "judged": _judged(bench),
    }


def _interval(coloring: Coloring, at: int) -> tuple[float, float] | None:
    if coloring.low is None or coloring.high is None or not np.isfinite(coloring.low[at]):
        return None
    return float(coloring.low[at]), float(coloring.high[at])


def _judged(bench: Workbench) -> list[dict[str, Any]]:
    """List what judges said of the step and why, where its scores are open to the person."""
    if bench.step is None:
        return []
    return [
        {
            "model": verdict.model,
            "votes": [
                {**WORDS[vote], "reason": reason}
                for vote, reason in zip(verdict.votes, verdict.reasons, strict=True)
            ],
        }
        for verdict in verdicts_visible(step=bench.step, sight=bench.sight)
    ]


def _tokens(bench: Workbench) -> dict[str, Any]:
    tokens = bench.tokens
    if tokens is None:
        return {"tokens": None, "models": bench.models, "model": bench.model}
    rows = tokens.rows()
    return {
        "tokens": tokens,
        "rows": rows[:TOKENS_SHOWN],
        "more": max(0, len(rows) - TOKENS_SHOWN),
        "chart": tokens.chart(),
        "tokens_href": _tokens_url(bench),
        "path_href": _path_url(bench),
        "model_links": [
            {"model": model, "href": bench.state.query(model=model.pk)} for model in bench.models
        ],
        "models": bench.models,
        "model": bench.model,
    }


def _tokens_url(bench: Workbench) -> str:
    step = bench.step.pk if bench.step is not None else 0
    kwargs = {"project": bench.access.project.name, "pk": bench.problem.pk, "step": step}
    model = bench.model.pk if bench.model is not None else 0
    return f"{reverse('annotator:step-tokens', kwargs=kwargs)}?model={model}"


def _path_url(bench: Workbench) -> str:
    """Return the page of all tokens on the followed trace."""
    kwargs = {"project": bench.access.project.name, "pk": bench.problem.pk}
    end = bench.end_id or (bench.step.pk if bench.step is not None else 0)
    model = bench.model.pk if bench.model is not None else 0
    return f"{reverse('annotator:attribution', kwargs=kwargs)}?end={end}&model={model}"


def _labels(bench: Workbench) -> dict[str, Any]:
    if bench.step is None:
        return {"labels": []}
    return {
        "labels": labels_visible(step=bench.step, access=bench.access),
        "answers": answers_on_step(step=bench.step, access=bench.access),
    }


def _outcomes(bench: Workbench) -> dict[str, Any]:
    """List the traces that end at the step; each with the primary outcome first."""
    if bench.step is None:
        return {"traces": []}
    traces = traces_ending_at(step=bench.step, limit=TRACES_SHOWN)
    grouped = outcomes_by_trace(trace_ids=[trace.pk for trace in traces])
    primary = bench.access.project.primary_outcome
    rows = [_trace_row(bench, trace, grouped.get(trace.pk, []), primary) for trace in traces]
    end = bench.end_id
    gold_url = reverse("annotator:gold-new", kwargs={"project": bench.access.project.name})
    return {
        "traces": rows,
        "gold_url": gold_url,
        "end_href": bench.state.query(step=end) if end else "",
    }


def _trace_row(
    bench: Workbench, trace: Trace, outcomes: list[Outcome], primary: str
) -> dict[str, Any]:
    found = {outcome.name: outcome for outcome in outcomes}
    first = found.pop(primary, None)
    kwargs = {"project": bench.access.project.name, "pk": bench.problem.pk, "trace": trace.pk}
    return {
        "trace": trace,
        "primary": first,
        "primary_name": primary,
        "shown": "" if first is None or first.value is None else f"{first.value:.12g}",
        "others": list(found.values()),
        "action": reverse("annotator:trace-outcome", kwargs=kwargs),
    }


def _source(bench: Workbench) -> dict[str, Any]:
    """Say where step or problem came from; the source's own fields only where labels are open.

    Those fields often hold what the source's labelers or searches said, and so may names of traces.
    """
    step, problem = bench.step, bench.problem
    told = bench.sight.labels is None or (step is not None and bench.sight.sees_labels(step.pk))
    record = source_record(step=step, trace=bench.path.trace)
    return {
        "record": record,
        "trace": bench.path.trace,
        "told": told,
        "searched": step is not None and bench.sight.sees_scores(step.pk),
        "step_meta": _pretty(step.meta if told and step is not None else None),
        "problem_meta": _pretty(_problem_meta(problem) if told else None),
        "record_meta": _pretty(record.meta if told and record is not None else None),
    }


def _problem_meta(problem: Problem) -> dict[str, Any]:
    meta: dict[str, Any] = problem.meta or {}
    return meta


def _pretty(meta: dict[str, Any] | None) -> str:
    return json.dumps(meta, indent=2, ensure_ascii=False, sort_keys=True) if meta else ""


BUILDERS = {
    "credit": _credit,
    "tokens": _tokens,
    "labels": _labels,
    "outcomes": _outcomes,
    "source": _source,
}
