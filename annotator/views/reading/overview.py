"""Overviews: a project, or one problem, in three pictures; what is hidden from the reader is not counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.views.decorators.http import require_safe

from annotator.errors import NotFoundError
from annotator.numbers import whole_number
from annotator.queries.access import project_for_user
from annotator.queries.blindness import sight_of
from annotator.queries.trees.compared import ratings_of
from annotator.queries.trees.differences import models_with_scores
from annotator.queries.trees.paths import models_scoring
from annotator.queries.trees.sampled import Sample, sample_of
from annotator.queries.trees.sparklines import lines_of
from annotator.views.http import page_or_fragment, wants_fragment
from annotator.views.reading.overview_numbers import (
    SCORE,
    VALUE,
    by_depth,
    calibration,
    histograms,
    told_of,
    without,
)
from annotator.views.reading.overview_pictures import (
    bands_drawing,
    bars_drawing,
    reliability_picture,
    table_of,
)
from annotator.views.workbench.data import gate
from scoring.credit.registry import METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from annotator.models import Problem, RewardModel
    from annotator.queries.access import Access
    from annotator.queries.blindness import Sight
    from annotator.queries.trees.sampled import SampledTree
    from annotator.views.http import HtmxRequest
    from annotator.views.reading.overview_numbers import Told

CUTS = ("0.1", "0.25", "0.5", "0.75", "0.9")
CUT = "0.5"


@require_safe
def project_overview(request: HtmxRequest, project: str) -> HttpResponse:
    """Show a project's trees together; of a large project a fixed part."""
    access = project_for_user(user=request.user, name=project)
    models = models_with_scores(project=access.project) if access.may_see_scores else []
    sample = sample_of(project=access.project)

    def hide(one: Told) -> Told:
        if access.may_see_scores:
            return one
        nothing = np.full_like(one.score, np.nan)
        return without(one, score=nothing, tree=_valueless(one))

    context = _context(request, access, models, sample, rated=access.may_review, hide=hide)
    context["sample"] = sample
    return _shown(request, access, context)


@require_safe
def problem_overview(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show one problem the same way, step by step as far as it is open to the reader."""
    access, problem = gate(request, project, pk)
    sight = sight_of(access=access, problem=problem)
    models = models_scoring(problem=problem) if sight.any_scores else []
    sample = Sample((problem.pk,) if problem.n_steps else (), problem.n_steps, 1)
    context = _context(
        request, access, models, sample, rated=False, hide=_hidden(access, problem, sight)
    )
    lines = lines_of(access=access, extents=[(problem.pk, None)])
    context |= {"problem": problem, "line": lines.of(problem.pk)}
    return _shown(request, access, context)


def _hidden(access: Access, problem: Problem, sight: Sight) -> Any:
    """Return what takes away of a problem's tree what the reader may not see, and adds ratings."""

    def hide(one: Told) -> Told:
        ids = one.tree.ids
        said = ratings_of(problem=problem, ids=ids, user_id=access.user_id, sight=sight)
        return without(
            one,
            score=sight.scored(ids, one.score),
            human=said.human,
            checker=said.checker,
            tree=_valueless(one, sight.scored(ids, one.tree.value)),
        )

    return hide


def _valueless(one: Told, value: Any = None) -> SampledTree:
    """Return the tree with other search values, or with none."""
    return replace(one.tree, value=np.full_like(one.tree.value, np.nan) if value is None else value)


def _context(
    request: HtmxRequest,
    access: Access,
    models: Sequence[RewardModel],
    sample: Sample,
    *,
    rated: bool,
    hide: Any,
) -> dict[str, Any]:
    model = _model(models, request.GET.get("model", ""))
    told = told_of(project=access.project, ids=sample.ids, model=model, rated=rated, hide=hide)
    choices = _choices(told, model)
    by = request.GET.get("by", "") or next(iter(choices))
    if by not in choices:
        raise NotFoundError(f"There is no '{by[:40]}' here; known: {', '.join(choices)}.")
    cut = request.GET.get("cut", "")
    cut = cut if cut in CUTS else CUT
    depths = by_depth(told, by)
    picture = bands_drawing(depths)
    found = calibration(told) if model is not None else None
    return {
        "models": models,
        "model": model,
        "choices": choices,
        "by": by,
        "cuts": CUTS,
        "cut": cut,
        "steps": sum(len(one.tree.ids) - 1 for one in told),
        "traces": sum(len(one.tree.ends) for one in told),
        "problems": len(told),
        "depths": depths,
        "bands": picture.inline() if picture is not None else "",
        "rows": table_of(depths.bands),
        "errors": [
            (name, made, bars_drawing(name, made).inline())
            for name, made in histograms(told, float(cut))
        ],
        "calibration": found,
        "reliability": reliability_picture(found) if found is not None else None,
    }


def _choices(told: list[Told], model: RewardModel | None) -> dict[str, str]:
    """Return what can be shown by depth: the model's scores, methods of outcomes, search values."""
    found = {SCORE: f"Step score · {model}"} if model is not None else {}
    found |= {
        key: row.label for key, row in METHODS.items() if set(row.needs_with({})) <= {"outcome"}
    }
    if any((one.tree.value == one.tree.value).any() for one in told):
        found[VALUE] = "Search value"
    return found


def _model(models: Sequence[RewardModel], said: str) -> RewardModel | None:
    """Return the model that the address names, else the newest.

    Raises:
        NotFoundError: there is none with scores that this reader may see.
    """
    if not said:
        return next(iter(models), None)
    found = next((row for row in models if row.pk == whole_number(said)), None)
    if found is None:
        raise NotFoundError("There is no such model with scores here.")
    return found


def _shown(request: HtmxRequest, access: Access, context: dict[str, Any]) -> HttpResponse:
    return page_or_fragment(
        request,
        "annotator/overview.html",
        "annotator/_overview.html",
        context | {"part": wants_fragment(request)},
        access=access,
        section="overview" if "problem" not in context else "problems",
    )
