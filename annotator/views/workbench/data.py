"""JSON for the page's scripts: the tree's shape first, then what is on screen."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import orjson
from django.http import HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_GET

from annotator.errors import InvalidError, NotFoundError
from annotator.queries.access import problem_for_user, project_for_user, step_for_user
from annotator.queries.blindness import sight_of
from annotator.queries.credit.colored import limits_shape
from annotator.queries.credit.coloring import Colorings
from annotator.queries.judgements.spans import span_marks, spans_of_user
from annotator.queries.trees.columns import label_columns, text_previews
from annotator.queries.trees.paths import models_scoring, token_score_of, trace_ending_at
from annotator.templatetags.text import plain_math
from annotator.views.workbench.reader import on_trace_of
from annotator.views.workbench.state import ViewState
from annotator.views.workbench.tokens import step_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

    from annotator.models import Problem
    from annotator.queries.access import Access
    from annotator.queries.credit.colored import Coloring
    from annotator.views.http import HtmxRequest

MOST_TEXTS = 400
TEXTS_AT_ONCE = 400
GZIP_FROM = 1_400


def gate(request: HttpRequest, project: str, pk: int) -> tuple[Access, Problem]:
    """Return the person's access and the problem of the URL."""
    person = cast("HtmxRequest", request).user
    access = project_for_user(user=person, name=project)
    problem = problem_for_user(user=person, pk=pk, project=project)
    problem.project = access.project
    return access, problem


def json_response(request: HttpRequest, content: Any) -> HttpResponse:
    """Answer with compact JSON; numpy columns as arrays, NaN as null.

    Compressed here at the fastest level: the middleware's level 6 costs more time than it saves.
    """
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    packed = len(body) > GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", "")
    if packed:
        body = gzip.compress(body, compresslevel=1)
    response = HttpResponse(body, content_type="application/json")
    if packed:
        response["Content-Encoding"] = "gzip"
        response["Content-Length"] = str(len(body))
    patch_vary_headers(response, ["Accept-Encoding", "Cookie"])
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_GET
def tree(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Send the whole tree as columns: ids (as differences), depths, labels, colours.

    The scripts rebuild parents and subtree ends from pre-order and depth. Small trees bring their
    texts along.
    """
    access, problem = gate(request, project, pk)
    colorings = _colorings(access, problem)
    columns = colorings.columns
    at, codes, given = label_columns(problem=problem, ids=columns.ids, user_id=access.user_id)
    marked = np.flatnonzero((given > -9) & colorings.sight.labelled(columns.ids))
    few = len(columns) <= TEXTS_AT_ONCE
    content = {
        "ids": np.diff(columns.ids, prepend=0),
        "depth": columns.depth,
        "labels": [at, codes],
        "given": [marked, given[marked]],
        "spans": span_marks(spans_of_user(problem=problem, user=cast("HtmxRequest", request).user)),
        "texts": _previews(problem, range(1, len(columns))) if few else {},
        "coloring": _coloring_json(*_chosen(request, colorings)),
    }
    return json_response(request, content)


@require_GET
def credit_values(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Send one column of colours with its legend."""
    access, problem = gate(request, project, pk)
    return json_response(request, _coloring_json(*_chosen(request, _colorings(access, problem))))


def _colorings(access: Access, problem: Problem) -> Colorings:
    sight = sight_of(access=access, problem=problem)
    return Colorings(problem, sight, user_id=access.user_id)


def _chosen(request: HttpRequest, colorings: Colorings) -> tuple[Coloring, str]:
    """Return the colours of the URL with its limits, and what is to be said where they are others."""
    state = ViewState.from_query(request.GET)
    coloring, notice = colorings.known_or_default(state.by)
    trace = None
    if state.scale and state.trace is not None:
        trace = trace_ending_at(problem=colorings.problem, end_id=state.trace)
    return on_trace_of(colorings, coloring, trace, scale=state.scale)[0], notice


def _coloring_json(coloring: Coloring, notice: str) -> dict[str, Any]:
    return {
        **limits_shape(coloring),
        "label": coloring.label,
        "values": _rounded(coloring.values),
        "made_by": coloring.made_by,
        "source": coloring.source,
        "notice": notice,
        "by_model": coloring.by_model,
    }


def _rounded(values: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """Keep six significant digits of the largest: more than is read, half the bytes of all."""
    sizes = np.abs(values[np.isfinite(values)])
    largest = float(sizes.max()) if sizes.size else 0.0
    digits = 6 - int(np.floor(np.log10(largest))) if largest else 6
    return np.round(values, min(max(digits, 0), 12))


@require_GET
def step_texts(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Send the first characters of the steps at the positions ``at=1,2,…``."""
    _, problem = gate(request, project, pk)
    parts = [part for part in request.GET.get("at", "").split(",") if part]
    if len(parts) > MOST_TEXTS or not all(part.isdecimal() and len(part) < 9 for part in parts):
        raise InvalidError(f"Ask for at most {MOST_TEXTS} positions, as whole numbers.")
    return json_response(request, _previews(problem, [int(part) for part in parts]))


def _previews(problem: Problem, at: Sequence[int]) -> dict[int, str]:
    """Return the first characters of steps as one line shows them."""
    return {p: plain_math(text) for p, text in text_previews(problem=problem, at=at).items()}


@require_GET
def tokens_json(request: HttpRequest, project: str, pk: int, step: int) -> HttpResponse:
    """Send a step's tokens with running reward and credit, exactly as stored."""
    access, problem = gate(request, project, pk)
    chosen = step_for_user(user=cast("HtmxRequest", request).user, pk=step, project=project)
    sight = sight_of(access=access, problem=problem, step=chosen)
    models = models_scoring(problem=problem) if sight.sees_scores(step) else []
    wanted = ViewState.from_query(request.GET).model
    model = next((row for row in models if wanted in {None, row.pk}), None)
    packed, score = token_score_of(step=chosen, model=model) if model else (None, None)
    if model is None or packed is None or chosen.problem_id != problem.pk:
        raise NotFoundError("No model has token scores for this step. Score the project first.")
    tokens = step_tokens(text=chosen.text, packed=packed, score=score, model=model)
    return json_response(request, tokens.as_json())
