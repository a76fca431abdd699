"""What the judging surface draws: the revealed steps of one trace as cards, and where one stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from annotator.queries.guidelines.taxonomy import error_types_of
from annotator.queries.judgements.judging import FIRST_ERROR, judging_of
from annotator.queries.judgements.spans import spans_on_path
from annotator.queries.trees.paths import labels_of_user, models_scoring, scores_of, steps_by_id
from annotator.views.workbench.brackets import bracket
from annotator.views.workbench.reader import panel_urls

if TYPE_CHECKING:
    from annotator.models import RewardModel, SpanLabel, Step, StepLabel
    from annotator.queries.judgements.judging import Judging
    from annotator.views.workbench.judging_frame import Frame

BEFORE, AFTER, MOST_BEFORE = 30, 12, 400


@dataclass(frozen=True, slots=True)
class JudgingCard:
    """A revealed step.

    Attributes:
        number: its place on the path, from 1.
        dim: it stands behind the first error, where nothing has to be judged.
        score: of the newest model, None = hidden or not scored.
        spans: the person's spans that begin here.
        bracket: classes of the part of a span's bracket that stands here.
    """

    step: Step
    number: int
    label: StepLabel | None
    current: bool
    dim: bool
    score: float | None
    spans: list[SpanLabel]
    bracket: str


def judging_context(
    frame: Frame, *, at: int | None = None, before: int | None = None
) -> dict[str, Any]:
    """Return what the surface draws.

    Args:
        frame: who judges what.
        at: the chosen step; a step that is not revealed chooses the next one to judge.
        before: how many cards to show before the chosen one.
    """
    judging = judging_of(trace=frame.trace, user=frame.user, task=frame.task)
    shown = judging.step_ids[: judging.revealed]
    here = _here(judging, shown, at)
    first = max(0, here - min(before or BEFORE, MOST_BEFORE))
    model = next(iter(models_scoring(problem=frame.trace.problem)), None) if frame.scores else None
    # A span that was judged in the workbench may reach steps that are not shown here yet.
    spans = spans_on_path(step_ids=shown, user=frame.user)
    cards = _cards(frame, judging, spans, shown[first : here + AFTER + 1], first, here, model)
    current = next((card for card in cards if card.current), None)
    urls = _urls(frame)
    return {
        "frame": frame,
        "problem": frame.trace.problem,
        "judging": judging,
        "cards": cards,
        "earlier": first,
        "after": max(0, len(shown) - here - AFTER - 1),
        "hidden": len(judging.step_ids) - len(shown),
        "total": len(judging.step_ids),
        "hint": _hint(judging),
        "model": model,
        "shown_score": model is not None,
        "urls": urls,
        "label_url": urls["step"].replace("/steps/0/", f"/steps/{current.step.pk}/")
        if current
        else "",
        "undo_url": urls["undo"],
        "error_types": error_types_of(
            project=frame.trace.problem.project,
            keep=current.label.error_type.key
            if current and current.label and current.label.error_type
            else "",
        ),
    }


def _here(judging: Judging, shown: list[int], at: int | None) -> int:
    if at in shown:
        return shown.index(at)
    if judging.frontier is not None:
        return judging.frontier
    error = judging.first_error if judging.task == FIRST_ERROR else None
    return error if error is not None else len(shown) - 1


def _cards(
    frame: Frame,
    judging: Judging,
    spans: list[SpanLabel],
    ids: list[int],
    first: int,
    here: int,
    model: RewardModel | None,
) -> list[JudgingCard]:
    steps = steps_by_id(ids=ids)
    labels = labels_of_user(steps=steps.values(), user=frame.user)
    scores = scores_of(step_ids=ids, model=model) if model is not None else {}
    error = judging.first_error if frame.task == FIRST_ERROR else None
    return [
        JudgingCard(
            step=steps[pk],
            number=number + 1,
            label=labels.get(pk),
            current=number == here,
            dim=error is not None and number > error,
            score=scores.get(pk),
            spans=[span for span in spans if span.first_id == pk],
            bracket=bracket(steps[pk], spans),
        )
        for number, pk in enumerate(ids, start=first)
    ]


def _hint(judging: Judging) -> str:
    """Say what opens the submit, or why it is open."""
    total = len(judging.step_ids)
    if judging.submission is not None and not judging.missing:
        return f"{judging.submission.get_reason_display()}. You may still correct it."
    error = judging.first_error
    if judging.missing:
        first_error = judging.task == FIRST_ERROR
        opens = "at the first −1 or " if first_error else ""
        return f"{judging.judged:,} of {total:,} rated. Submit opens {opens}when all are rated."
    if error is not None and judging.task == FIRST_ERROR:
        return f"First error at step {error + 1} of {total}: ready to submit."
    return f"All {total} steps rated: ready to submit."


def _urls(frame: Frame) -> dict[str, str]:
    problem = frame.trace.problem
    place = {"project": problem.project.name, "pk": problem.pk}
    return {
        "judging": frame.url("trace-judging"),
        "step": frame.url("trace-step", step=0),
        "rest": frame.url("trace-rest", step=0),
        "span": frame.url("trace-span"),
        "submission": frame.url("trace-submission"),
        "undo": reverse("annotator:undo", kwargs=place),
        "redo": reverse("annotator:redo", kwargs=place),
        "workbench": reverse("annotator:problem", kwargs=place),
        **panel_urls(place),
    }
