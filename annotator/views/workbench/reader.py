"""What the middle of the workbench shows: the path to the chosen step and on along one trace."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from django.urls import reverse

from annotator.queries.blindness import sight_of
from annotator.queries.credit.colored import limits_shape
from annotator.queries.credit.coloring import Colorings
from annotator.queries.guidelines.taxonomy import error_types_of
from annotator.queries.judgements.spans import spans_of_user
from annotator.queries.trees.paths import (
    BEFORE,
    children_counts,
    labelled_counts,
    labels_of_user,
    path_around,
    siblings_of,
    token_score_of,
)
from annotator.views.workbench.brackets import bracket
from annotator.views.workbench.tokens import StepTokens, step_tokens

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Problem, RewardModel, SpanLabel, Step, StepLabel, Trace
    from annotator.queries.access import Access
    from annotator.queries.blindness import Sight
    from annotator.queries.credit.colored import Coloring
    from annotator.queries.trees.paths import Path
    from annotator.views.workbench.state import ViewState
    from scoring.tree import FloatArray

MOST_BEFORE = 400
MORE_BEFORE = 60


@dataclass(frozen=True, slots=True)
class Card:
    """A step of the path as the page shows it."""

    step: Step
    credit: float | None
    on_trace: float | None
    siblings: int
    label: StepLabel | None
    current: bool
    dim: bool
    href: str
    spans: list[SpanLabel]
    bracket: str


@dataclass(frozen=True, eq=False)
class Workbench:
    """One problem as one member sees it in one view; made once per request."""

    access: Access
    user: User
    problem: Problem
    step: Step | None
    state: ViewState
    sight: Sight
    models: list[RewardModel]
    colorings: Colorings
    coloring: Coloring
    path: Path
    tokens: StepTokens | None = None
    notice: str = ""
    along: FloatArray | None = None

    @property
    def model(self) -> RewardModel | None:
        """The model whose tokens are shown: the chosen one, else the newest."""
        wanted = [model for model in self.models if model.pk == self.state.model]
        return next(iter(wanted or self.models), None)

    @property
    def end_id(self) -> int | None:
        """Where the followed trace ends: going up the path must not change the trace."""
        return self.path.trace.end_id if self.path.trace is not None else None

    @property
    def followed(self) -> str:
        """The followed trace as comparisons write paths, "" = none passes here."""
        return f"t{self.path.trace.pk}" if self.path.trace is not None else ""

    @property
    def score_on_screen(self) -> bool:
        """Whether a model's numbers are in view: as tokens, as the colours, or in the list of methods."""
        if self.tokens is not None or self.coloring.by_model:
            return True
        if self.step is None or self.state.tab != "credit":
            return False
        at = self.step.preorder
        said = self.colorings.said_by_models()
        return any(not one.missing and np.isfinite(one.values[at]) for one in said)

    def on_trace(self, step: Step) -> float | None:
        """Return the step's number on the followed trace, None where it is the node's."""
        if self.coloring.per_trace is None or self.along is None or step.depth > len(self.along):
            return None
        own = float(self.along[step.depth - 1])
        same = np.isclose(own, self.coloring.values[step.preorder], equal_nan=True)
        return None if same else own

    def url(self, name: str) -> str:
        """Return the address of a part of this view."""
        kwargs = {"project": self.problem.project.name, "pk": self.problem.pk}
        return reverse(f"annotator:{name}", kwargs=kwargs) + self.query

    @property
    def query(self) -> str:
        """The query string of this view."""
        return self.state.query(step=self.step.pk if self.step is not None else None)

    def facts(self) -> list[str]:
        """Say in a few words how the traces ended."""
        outcomes = self.colorings.tree.outcomes
        known = outcomes[np.isfinite(outcomes)]
        if not known.size:
            return []
        name = self.access.project.primary_outcome
        if np.isin(known, (0.0, 1.0)).all():
            return [f"{int(known.sum()):,} of {known.size:,} {name}"]
        return [f"mean {name} {known.mean():.2f}"]

    def cards(self) -> list[Card]:
        """Return the shown part of the path."""
        labels = labels_of_user(steps=self.path.steps, user=self.user)
        counts = children_counts(problem=self.problem, steps=self.path.steps)
        here = self.step.depth if self.step is not None else 0
        spans = spans_of_user(problem=self.problem, user=self.user)
        return [
            Card(
                step=step,
                credit=float(self.coloring.values[step.preorder]),
                on_trace=self.on_trace(step),
                siblings=counts[step.parent_id] - 1,
                label=labels.get(step.pk),
                current=step.depth == here,
                dim=step.depth > here,
                href=self.state.query(step=step.pk, trace=self.end_id),
                spans=[span for span in spans if span.first_id == step.pk],
                bracket=bracket(step, spans),
            )
            for step in self.path.steps
        ]


def workbench_of(
    *, access: Access, user: User, problem: Problem, step: Step | None, state: ViewState
) -> Workbench:
    """Read what a view of ``problem`` needs, whatever the size of its tree."""
    sight = sight_of(access=access, problem=problem)
    colorings = Colorings(problem, sight, user_id=user.pk)
    path = path_around(
        problem=problem,
        step=step,
        end_id=state.trace,
        before=min(state.before or BEFORE, MOST_BEFORE),
    )
    coloring, notice = colorings.known_or_default(state.by)
    coloring, along = on_trace_of(colorings, coloring, path.trace, scale=state.scale)
    bench = Workbench(
        access=access,
        user=user,
        problem=problem,
        step=step,
        state=state if state.by else replace(state, by=coloring.key),
        sight=sight,
        models=list(colorings.models.values()),
        colorings=colorings,
        coloring=coloring,
        path=path,
        notice=notice,
        along=along,
    )
    if step is None or bench.model is None or not sight.sees_scores(step.pk):
        return bench
    return replace(bench, tokens=_tokens(step, bench.model))


def on_trace_of(
    colorings: Colorings, coloring: Coloring, trace: Trace | None, *, scale: str
) -> tuple[Coloring, FloatArray | None]:
    """Return the colouring with the limits that ``scale`` asks for, and its numbers on ``trace``.

    The numbers are ``(steps,)`` from the first step of the trace to its end; None where none is followed
    or nobody needs them.
    """
    if trace is None or coloring.missing or (coloring.per_trace is None and scale != "trace"):
        return coloring, None
    at = colorings.tree.path(trace.end.preorder).tolist()
    numbers = coloring.along(trace.end_id, at)
    return (coloring.with_limits_of(numbers) if scale == "trace" else coloring), numbers


def _tokens(step: Step, model: RewardModel) -> StepTokens | None:
    packed, score = token_score_of(step=step, model=model)
    if packed is None or not step.text:
        return None
    return step_tokens(text=step.text, packed=packed, score=score, model=model)


def reader_context(bench: Workbench) -> dict[str, Any]:
    """Return what the reader's fragment draws."""
    step = bench.step
    family = list(siblings_of(step=step).values_list("pk", flat=True)) if step is not None else []
    at = family.index(step.pk) if step is not None else 0
    cards = bench.cards()
    kwargs = {"project": bench.problem.project.name, "pk": bench.problem.pk}
    before, after = (family[at - 1] if at > 0 else None), next(iter(family[at + 1 : at + 2]), None)
    return {
        "bench": bench,
        "problem": bench.problem,
        "step": step,
        "cards": cards,
        "current": next((card for card in cards if card.current), None),
        "coloring": bench.coloring,
        "limits": json.dumps(limits_shape(bench.coloring)),
        "tokens": bench.tokens,
        "earlier": bench.path.earlier,
        "later": bench.path.later,
        "more_before": bench.state.query(
            step=step.pk if step is not None else None,
            before=min((bench.state.before or BEFORE) + MORE_BEFORE, MOST_BEFORE),
        ),
        "previous_sibling": before,
        "previous_sibling_href": bench.state.query(step=before),
        "next_sibling": after,
        "next_sibling_href": bench.state.query(step=after),
        "siblings_href": _step_url("siblings", kwargs, step) + bench.query,
        "label_url": _step_url("step-label", kwargs, step) + bench.query,
        "sibling_number": at + 1,
        "sibling_count": len(family),
        "error_types": error_types_of(project=bench.access.project, keep=_error_type(cards)),
        "shown_score": bench.score_on_screen,
        "project": bench.access.project,
        "access": bench.access,
        **progress_context(bench.problem, labelled_counts(problem=bench.problem, user=bench.user)),
    }


def _error_type(cards: list[Card]) -> str:
    """Return the type of error that the chosen step's label has."""
    label = next((card.label for card in cards if card.current), None)
    return label.error_type.key if label is not None and label.error_type is not None else ""


def _step_url(name: str, kwargs: dict[str, Any], step: Step | None) -> str:
    pk = step.pk if step is not None else 0
    return reverse(f"annotator:{name}", kwargs=kwargs | {"step": pk})


def progress_context(problem: Problem, labelled: int) -> dict[str, Any]:
    """Return how far a person is who has judged ``labelled`` steps of the problem."""
    kwargs = {"project": problem.project.name, "pk": problem.pk}
    return {
        "problem": problem,
        "labelled": labelled,
        "undo_url": reverse("annotator:undo", kwargs=kwargs),
    }


def panel_urls(kwargs: dict[str, Any]) -> dict[str, str]:
    """Return the addresses of a step's panels; the scripts put the step in."""
    return {
        "comments": reverse("annotator:step-comments", kwargs=kwargs | {"step": 0}),
        "alternative": reverse("annotator:step-alternative", kwargs=kwargs | {"step": 0}),
    }


def page_urls(problem: Problem) -> dict[str, str]:
    """Return the addresses that the page's scripts call, by name."""
    names = (
        *("problem", "tree", "credit-values", "credit-menu", "credit-here", "step-texts"),
        *("find", "find-columns", "undo", "redo", "unlabelled"),
    )
    kwargs = {"project": problem.project.name, "pk": problem.pk}
    urls = {name: reverse(f"annotator:{name}", kwargs=kwargs) for name in names}
    return urls | {
        "label": reverse("annotator:step-label", kwargs=kwargs | {"step": 0}),
        "siblings": reverse("annotator:siblings", kwargs=kwargs | {"step": 0}),
        "span": reverse("annotator:step-span", kwargs=kwargs | {"step": 0}),
        **panel_urls(kwargs),
    }
