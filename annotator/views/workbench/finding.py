"""What the search in a tree asks the server: texts, and columns that the page does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from django.views.decorators.http import require_GET

from annotator.errors import InvalidError
from annotator.queries.blindness import sight_of
from annotator.queries.credit.coloring import Colorings
from annotator.queries.trees.columns import text_hits
from annotator.views.workbench.data import gate, json_response
from annotator.views.workbench.state import ViewState
from scoring.credit.registry import METHODS, assign

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from annotator.models import RewardModel
    from scoring.tree import FloatArray

LONGEST_TEXT = 200
COLUMNS = ("human", "outcome", "disagree")
NO_LABELS = "Nobody rated a step here, or no rating is open to you."
NO_SCORES = "No model has scores here that are open to you: score the project with a reward model."
NO_OUTCOMES = "No trace has a known outcome here: import outcomes, or set them in the inspector."


@require_GET
def find(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Send the positions of the steps that contain the text ``q``."""
    _, problem = gate(request, project, pk)
    text = request.GET.get("q", "")
    if not 0 < len(text) <= LONGEST_TEXT or "\x00" in text:
        raise InvalidError(f"Search for 1 to {LONGEST_TEXT} characters.")
    return json_response(request, {"hits": text_hits(problem=problem, text=text)})


@require_GET
def find_columns(request: HttpRequest, project: str, pk: int) -> HttpResponse:
    """Send the column ``name`` that searches compare with a number, one value per node.

    ``human``: the rating most people gave, as far as it is open to the reader, their own included.
    ``outcome``: mean outcome of the traces through the step. ``disagree``: how far that rating, as 0 to 1,
    is from the score of the chosen model.
    """
    access, problem = gate(request, project, pk)
    name = request.GET.get("name", "")
    if name not in COLUMNS:
        raise InvalidError(f"There is no column '{name[:40]}'; known: {', '.join(COLUMNS)}.")
    sight = sight_of(access=access, problem=problem)
    colorings = Colorings(problem, sight, user_id=access.user_id)
    values, said, missing = MAKERS[name](colorings, ViewState.from_query(request.GET))
    return json_response(
        request, {"name": name, "values": values, "made_by": said, "missing": missing}
    )


Made = tuple[Any, str, str]


def _human(colorings: Colorings, _: ViewState) -> Made:
    label = colorings.inputs.stored.label
    return label, "rating most people gave", "" if np.isfinite(label).any() else NO_LABELS


def _outcome(colorings: Colorings, _: ViewState) -> Made:
    if colorings.missing(METHODS["leaf_value"], None):
        return [], "", NO_OUTCOMES
    return assign("leaf_value", colorings.tree).per_node, "mean outcome of the traces through", ""


def _disagree(colorings: Colorings, state: ViewState) -> Made:
    label = colorings.inputs.stored.label
    if not np.isfinite(label).any():
        return [], "", NO_LABELS
    model = _model(colorings, state)
    if model is None:
        return [], "", NO_SCORES
    score = colorings.inputs.scores(model)
    known = score[np.isfinite(score)]
    if known.size and (known.min() < 0 or known.max() > 1):
        return (
            [],
            "",
            f"The scores of {model} are no probabilities; a rating has no place among them.",
        )
    return apart(label, score), f"rating against {model}", ""


def _model(colorings: Colorings, state: ViewState) -> RewardModel | None:
    """Return the model of the colours, else the one of the tokens, else the newest."""
    chosen = colorings.known_or_default(state.by)[0].said
    if chosen is not None:
        return chosen.model
    wanted = colorings.models.get(state.model or 0)
    return wanted or next(iter(colorings.models.values()), None)


def apart(label: FloatArray, score: FloatArray) -> FloatArray:
    """Return ``(N,)`` how far ratings −1 to 1 are from scores 0 to 1, NaN where either is missing."""
    return np.abs((label + 1) / 2 - score)


MAKERS: dict[str, Callable[[Colorings, ViewState], Made]] = {
    "human": _human,
    "outcome": _outcome,
    "disagree": _disagree,
}
