"""The inbox of the guidelines: what people were unsure about or asked, and the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from annotator.errors import InvalidError
from annotator.models import Comment
from annotator.numbers import whole_number
from annotator.queries.access import MAX_ID, problem_for_user, project_for_user
from annotator.queries.guidelines.inbox import (
    inbox_count,
    inbox_page,
    question_for_user,
    unsure_for_user,
)
from annotator.queries.guidelines.versions import guideline_versions
from annotator.queries.rankings.contradictions import contradictions_page
from annotator.queries.trees.sparklines import extent, lines_of
from annotator.services.guidelines.inbox import (
    ANSWER_LIMIT,
    answer_withdraw,
    question_answer,
    unsure_answer,
)
from annotator.services.rankings.contradictions import contradiction_reopen, contradiction_resolve
from annotator.views.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from annotator.views.http import HtmxRequest

CONTRADICTIONS = "contradictions"
KINDS = {
    Comment.Kind.UNSURE.value: "Unsure ratings",
    Comment.Kind.FLAG.value: "Questions",
    CONTRADICTIONS: "Contradictions",
}


class AnswerForm(forms.Form):
    """An answer, with the version it led to."""

    answer = forms.CharField(max_length=ANSWER_LIMIT)
    guideline = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


@require_safe
def inbox(request: HtmxRequest, project: str) -> HttpResponse:
    """List what waits for an answer, or what was answered."""
    access = project_for_user(user=request.user, name=project, at_least="annotator")
    kinds = KINDS if access.may_review else {k: v for k, v in KINDS.items() if k != CONTRADICTIONS}
    asked = request.GET.get("kind", "")
    counts = inbox_count(access=access)
    kind = asked if asked in kinds else next((k for k in counts if counts[k]), next(iter(kinds)))
    answered = request.GET.get("state") == "answered"
    before = whole_number(request.GET.get("before", "")) or MAX_ID
    context: dict[str, Any] = {
        "kind": kind,
        "kinds": [(key, label, counts.get(key)) for key, label in kinds.items()],
        "answered": answered,
        "versions": guideline_versions(project=access.project),
    }
    if kind == CONTRADICTIONS:
        found, following = contradictions_page(access=access, before=before, resolved=answered)
        context["contradictions"] = found
        extents = [extent(row.problem.pk) for row in found]
    else:
        asked_of, following = inbox_page(access=access, kind=kind, answered=answered, before=before)
        context["questions"] = asked_of
        extents = [extent(row.problem.pk, row.step.pk if row.step else None) for row in asked_of]
    context["lines"] = lines_of(access=access, extents=extents)
    if following is not None:
        told = {"kind": kind, "before": following, **({"state": "answered"} if answered else {})}
        context["next"] = f"?{urlencode(told)}"
    return page(request, "annotator/inbox.html", context, access=access, section="inbox")


@require_POST
def question_answered(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Answer a question or take its answer back."""
    comment = question_for_user(user=request.user, pk=pk, at_least="reviewer", project=project)
    if "withdraw" in request.POST:
        answer_withdraw(comment=comment)
        messages.success(request, "It is open again.")
    else:
        answer, guideline = _answer(request)
        question_answer(comment=comment, user=request.user, answer=answer, guideline=guideline)
        messages.success(request, f"Answered; {comment.rater.name} sees it on the step.")
    return _back(comment.project.name, comment.kind)


@require_POST
def unsure_answered(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Answer an unsure rating."""
    label = unsure_for_user(user=request.user, pk=pk, at_least="reviewer", project=project)
    answer, guideline = _answer(request)
    unsure_answer(label=label, user=request.user, answer=answer, guideline=guideline)
    messages.success(request, f"Answered; {label.rater.name} sees it on the step.")
    return _back(label.step.problem.project.name, Comment.Kind.UNSURE)


@require_POST
def contradiction_answered(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Say which side of a contradiction in a problem holds, or take that back."""
    problem = problem_for_user(user=request.user, pk=pk, at_least="reviewer", project=project)
    contradiction = request.POST.get("contradiction", "").replace("\x00", "")
    found: dict[str, Any] = {
        "problem": problem,
        "contradiction": contradiction,
        "user": request.user,
    }
    if "withdraw" in request.POST:
        contradiction_reopen(**found)
        messages.success(request, "It is open again.")
    else:
        kept, reason = request.POST.get("kept", ""), request.POST.get("reason", "")
        contradiction_resolve(**found, kept=kept, reason=reason)
        messages.success(request, "Resolved. The judgements stay as they are.")
    return _back(problem.project.name, CONTRADICTIONS)


def _answer(request: HtmxRequest) -> tuple[str, int | None]:
    form = AnswerForm(request.POST)
    if not form.is_valid():
        fields = {name: " ".join(map(str, said)) for name, said in form.errors.items()}
        raise InvalidError("Write an answer; who asked reads it on the step.", fields=fields)
    return form.cleaned_data["answer"], form.cleaned_data["guideline"]


def _back(project: str, kind: str) -> HttpResponse:
    return redirect(f"{reverse('annotator:inbox', args=[project])}?{urlencode({'kind': kind})}")
