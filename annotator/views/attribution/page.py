"""The tokens of a path: what each did for a model's reward by any attribution method, or a signal along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from annotator.errors import AnnotatorError, NotFoundError
from annotator.models import Job, Worker
from annotator.queries.access import (
    model_for_user,
    problem_for_user,
    project_for_user,
    step_for_user,
)
from annotator.queries.attribution.running import shared_limit
from annotator.queries.attribution.usable import newest_job, open_attribution_job
from annotator.queries.jobs import live_workers, missing_worker
from annotator.queries.trees.compared import first_traces, traces_told
from annotator.services.models.attributions import attribution_request, faithfulness_request
from annotator.views.attribution.asked import SCALES, Asked, typed_params
from annotator.views.attribution.measured import ShownSignal, grained_signal
from annotator.views.attribution.menu import Line, method_lines
from annotator.views.attribution.opened import opened
from annotator.views.attribution.shown import (
    Shown,
    grained,
)
from annotator.views.attribution.text import cut_told, steps_told, texts_html
from annotator.views.attribution.units import GRAINS
from annotator.views.http import page_or_fragment, wants_fragment
from annotator.views.keys import keys_of, keys_shown
from annotator.views.pages.jobs.rows import JobRow
from scoring.attribution.choices import choice
from scoring.heatmap import number_text

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.views.attribution.measured import GrainedSignal
    from annotator.views.attribution.opened import Opened
    from annotator.views.attribution.shown import Grained
    from annotator.views.http import HtmxRequest

KEPT = "X-Kept-Pieces"
"""The text that the page holds already, as ``data-pieces`` named it."""


@require_safe
def path_tokens(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show a path's tokens; htmx gets the part below the header alone."""
    view = opened(request, project, pk)
    kept = request.headers.get(KEPT, "") if wants_fragment(request) else ""
    response = page_or_fragment(
        request,
        "annotator/attribution.html",
        "annotator/_attribution.html",
        _context(view, kept) | {"part": wants_fragment(request)},
        access=view.access,
        section="problems",
    )
    patch_vary_headers(response, [KEPT])
    return response


def _context(view: Opened, kept: str) -> dict[str, Any]:
    """Return what the page draws; a text that is on screen, cut the same way, is not sent again."""
    asked, model, shown = view.asked, view.model, view.shown
    limit, key = None, view.row.key if view.row is not None else ""
    if shown is not None and asked.scale == "problem" and model is not None:
        digest = view.chosen.digest if view.chosen is not None else None
        limit = shared_limit(end=view.path.end, model=model, method=key, digest=digest)
    found: Grained | GrainedSignal | None = None
    if isinstance(shown, ShownSignal):
        found = grained_signal(shown, view.path.texts, asked.by, limit)
    elif shown is not None:
        found = grained(shown, view.path.texts, asked.by, limit)
    job = newest_job(model=model, end=view.path.end, method=key) if model and key else None
    here = reverse("annotator:attribution", args=[view.access.project.name, view.problem.pk])
    pieces = f"{view.path.hash[:16]}.{shown.pieces}" if shown is not None else ""
    lines = _lines(view)
    return {
        "signal": isinstance(shown, ShownSignal),
        "pieces": pieces,
        "kept": bool(pieces) and pieces == kept,
        "problem": view.problem,
        "view": view,
        "asked": asked,
        "here": here,
        "row": view.row,
        "shown": shown,
        "found": found,
        **(_text(view, found, sent=pieces != kept) if found else {}),
        "offered": [line for line in lines if line.chosen and not line.missing],
        "lines": [line for line in lines if not line.is_signal],
        "signals": [line for line in lines if line.is_signal],
        "grains": [
            (key, name, key == (found.grain if found else asked.by)) for key, name in GRAINS.items()
        ],
        "scales": [(key, name, key == asked.scale) for key, name in SCALES.items()],
        "traces": _traces(view),
        "job": JobRow(job) if job is not None else None,
        "missing_worker": _missing_worker(job),
        "checking": _check_of(view),
        "objectives": _objectives(shown),
        "config": {"keys": keys_of("attribution")},
        "keys": keys_shown("attribution"),
    }


def _text(view: Opened, found: Grained | GrainedSignal, *, sent: bool) -> dict[str, Any]:
    """Return the numbers of the pieces and, unless it is on screen already, the text that they colour."""
    steps = view.path.steps
    numbers = {**found.numbers(), "steps": steps_told(found, len(steps))}
    if not sent:
        return {"numbers": numbers}
    return {
        "numbers": numbers,
        "texts": texts_html(steps),
        "cut": cut_told(found.shown, steps),
    }


def _lines(view: Opened) -> list[Line]:
    if view.model is None:
        return []
    return method_lines(
        asked=view.asked,
        method=view.row.key if view.row is not None else "",
        model=view.model,
        stored=view.stored,
        shown=view.chosen,
        cards=view.cards,
        free=view.running is not None,
        tokens=view.tokens,
        steps=len(view.path.steps),
    )


def _traces(view: Opened) -> list[dict[str, Any]]:
    """List the paths that can be read: the first traces, and the one on screen."""
    end = view.path.end.pk
    traces = first_traces(problem=view.problem)
    told = traces_told(traces=traces, name=view.access.project.primary_outcome)
    rows = [
        {"end": trace.end_id, "label": told[trace.pk], "chosen": trace.end_id == end}
        for trace in traces
    ]
    if all(not row["chosen"] for row in rows):
        label = f"Path to step {view.path.end.depth}"
        rows.insert(0, {"end": end, "label": label, "chosen": True})
    return rows


def _check_of(view: Opened) -> Job | None:
    """Return the job that checks the method on the model just now."""
    if view.model is None or view.row is None:
        return None
    args = {"model": view.model.pk, "method": view.row.key}
    return open_attribution_job(project=view.access.project, args=args, card=True)


def _missing_worker(job: Job | None) -> str:
    if job is None or job.state != Job.State.QUEUED or live_workers(Worker.Kind.GPU).exists():
        return ""
    return missing_worker(Worker.Kind.GPU, job)


def _objectives(shown: Shown | ShownSignal | None) -> list[dict[str, Any]]:
    """Return the bars of a model with several heads; their values sum to f(x)."""
    if not isinstance(shown, Shown) or not shown.objectives:
        return []
    most = max(abs(one.value) for one in shown.objectives.values()) or 1.0
    return [
        {
            "name": name,
            "value": one.value,
            "weight": number_text(one.weight, signed=False, digits=3),
            "credit": float(one.credit.sum()),
            "width": round(50 * abs(one.value) / most, 1),
        }
        for name, one in shown.objectives.items()
    ]


@require_POST
def attribution_run(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Queue a method on the path, or the checks of the method; the page shows how far it is."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    problem = problem_for_user(user=request.user, pk=pk, project=project)
    asked = Asked.from_query(request.POST)
    row = choice(asked.method)
    model = model_for_user(
        user=request.user, pk=asked.model or 0, project=project, at_least="reviewer"
    )
    end = step_for_user(user=request.user, pk=asked.end or 0, project=project)
    if end.problem_id != problem.pk:
        raise NotFoundError("The step is of another problem.")
    if "check" in request.POST:
        job = faithfulness_request(model=model, method=row.key, user=request.user)
        return redirect("annotator:job-detail", access.project.name, job.pk)
    params = typed_params(row, asked.params)
    try:
        attribution_request(model=model, end=end, method=row.key, params=params, user=request.user)
    except AnnotatorError as error:
        if getattr(error, "code", "") != "job_open":
            raise
    here = reverse("annotator:attribution", args=[access.project.name, problem.pk])
    return redirect(f"{here}{asked.query()}")
