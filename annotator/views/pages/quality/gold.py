"""Gold answers and exams: made and retired by reviewers, taken by annotators."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator.downloads import attachment, csv_text
from annotator.errors import AnnotatorError, InvalidError, NotFoundError
from annotator.forms import add_errors
from annotator.models import Queue
from annotator.queries.access import (
    gold_for_user,
    problem_for_user,
    project_for_user,
    trace_for_user,
)
from annotator.queries.quality.exam_answers import exam_answers
from annotator.queries.quality.gold import gold_page
from annotator.queries.quality.gold_ids import gold_ids
from annotator.queries.queues.gates import RATING_TASKS, queue_for_user
from annotator.queries.trees.sparklines import extent, lines_of
from annotator.services.quality.exams import attempts_of, exam_retake
from annotator.services.quality.gold import SOURCES, GoldTarget, gold_import, gold_update
from annotator.services.quality.gold.text import gold_records
from annotator.views.http import page
from annotator.views.pager import page_asked, pager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from annotator.models import Project
    from annotator.queries.access import Access
    from annotator.services.quality.gold import GoldImport
    from annotator.views.http import HtmxRequest

ERRORS_SHOWN = 100
ID_COLUMNS = {
    True: ("task", "trace", "first_error", "ratings", "note", "problem", "steps", "text"),
    False: ("task", "problem", "parent", "tiers", "note", "text"),
}


class GoldTextForm(forms.Form):
    """Gold answers as text or as a file."""

    text = forms.CharField(
        required=False,
        label="Records",
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
        help_text="JSON, JSON lines or CSV. Columns: task, trace and first_error (the step's "
        "number; empty = none) or ratings (1 1 -1); for rankings task, problem, parent and tiers "
        "(7 > 3 = 9). The files of ids below have these columns; rows without a task are skipped.",
    )


class GoldMadeForm(forms.Form):
    """What is made gold, and of whose word: the person's own, or the decision."""

    source = forms.ChoiceField(choices=[(key, key) for key in SOURCES], required=False)
    task = forms.ChoiceField(choices=Queue.Task.choices)
    trace = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    problem = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    parent = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    note = forms.CharField(required=False, max_length=2_000)


@require_http_methods(["GET", "HEAD", "POST"])
def gold_list(request: HtmxRequest, project: str) -> HttpResponse:
    """List gold answers; POST takes records and says of each refused one why."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    form = GoldTextForm(request.POST or None)
    found: GoldImport | None = None
    if request.method == "POST" and form.is_valid():
        try:
            found = gold_import(
                project=access.project,
                user=request.user,
                records=gold_records(form.cleaned_data["text"]),
            )
        except AnnotatorError as error:
            add_errors(form, error)
    listed = gold_page(project=access.project, **page_asked(request))
    context = {
        "form": form if found is None else GoldTextForm(),
        "rows": listed.rows,
        "lines": lines_of(
            access=access,
            extents=[
                extent(gold.problem_id, gold.trace.end_id if gold.trace else None, gold.parent_id)
                for gold in (row.gold for row in listed.rows)
            ],
        ),
        "pager": pager(request, listed),
        "made": len(found.made) if found else None,
        "refused": found.errors[:ERRORS_SHOWN] if found else [],
        "tasks": Queue.Task.choices,
        "n_refused": len(found.errors) if found else 0,
    }
    status = 422 if form.errors or (found is not None and not found.made) else 200
    return page(
        request, "annotator/gold.html", context, access=access, section="gold", status=status
    )


@require_POST
def gold_new(request: HtmxRequest, project: str) -> HttpResponse:
    """Make gold of what the reviewer said of a trace or a place, or of the decision on a place."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    form = GoldMadeForm(request.POST)
    if not form.is_valid():
        fields = {name: " ".join(map(str, said)) for name, said in form.errors.items()}
        raise InvalidError("; ".join(f"{k}: {v}" for k, v in fields.items()), fields=fields)
    make = SOURCES[form.cleaned_data["source"] or "own"]
    target = _target(request, access, form)
    gold = make(target=target, user=request.user, note=form.cleaned_data["note"])
    messages.success(request, f"Kept as the gold answer of problem {gold.problem_id}.")
    return redirect("annotator:gold-list", access.project.name)


@require_POST
def gold_change(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Retire gold, or bring it back."""
    gold = gold_for_user(user=request.user, pk=pk, project=project, at_least="reviewer")
    gold_update(gold=gold, active=request.POST.get("active") == "1")
    messages.success(request, f"Gold {gold.pk} is {'in use' if gold.active else 'retired'}.")
    return redirect("annotator:gold-list", gold.project.name)


@require_safe
def gold_ids_csv(request: HtmxRequest, project: str, task: str) -> StreamingHttpResponse:
    """Give what the task asks about with its ids, as CSV to fill in and give back."""
    access = project_for_user(user=request.user, name=project, at_least="reviewer")
    if task not in Queue.Task.values:
        raise NotFoundError(f"There is no task '{task}'.")
    lines = _id_lines(access.project, task)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = attachment(f"{access.project.name}-gold-{task}.csv")
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exam(request: HtmxRequest, project: str, pk: int) -> HttpResponse:
    """Show how the person's exam went; POST takes a failed one again.

    Which answers were right, and what is, shows when the exam is passed or no attempt is left.
    """
    access = project_for_user(user=request.user, name=project, at_least="annotator")
    queue = queue_for_user(user=request.user, pk=pk, project=project, at_least="annotator")
    if not queue.is_exam:
        raise NotFoundError(f"Queue {pk} is no exam.")
    if request.method == "POST":
        exam_retake(queue=queue, user=request.user)
        return redirect("annotator:work", access.project.name, queue.pk)
    attempts = attempts_of(queue=queue, user=request.user)
    over = attempts.decided and (attempts.passed or not attempts.left)
    answers = exam_answers(queue=queue, user=request.user) if over else []
    extents = [
        extent(
            row.problem.pk,
            row.trace.end_id if row.trace else None,
            row.parent.pk if row.parent else None,
        )
        for row in answers
    ]
    context = {
        "queue": queue,
        "attempts": attempts,
        "answers": answers,
        "lines": lines_of(access=access, extents=extents),
    }
    return page(request, "annotator/exam.html", context, access=access, section="queues")


class _Line:
    """What ``csv.writer`` writes to: it hands back each line."""

    def write(self, line: str) -> str:
        return line


def _id_lines(project: Project, task: str) -> Iterator[str]:
    """Yield the lines of the file of ids: the task is left empty, tiers begin as one tie."""
    writer = csv.writer(_Line())
    columns = ID_COLUMNS[task in RATING_TASKS]
    yield writer.writerow(columns)
    for ids in gold_ids(project=project, task=task):
        cells = {
            "problem": ids.problem,
            "trace": ids.trace,
            "parent": ids.parent,
            "tiers": " = ".join(map(str, ids.items)),
            "steps": ids.steps,
            "text": csv_text(" ".join(ids.text.split())),
        }
        yield writer.writerow([cells.get(column, "") for column in columns])


def _target(request: HtmxRequest, access: Access, form: GoldMadeForm) -> GoldTarget:
    data = form.cleaned_data
    name = access.project.name
    if data["trace"]:
        trace = trace_for_user(user=request.user, pk=data["trace"], project=name)
        return GoldTarget(trace.problem, data["task"], trace=trace)
    if not data["problem"]:
        reason = "Name the trace, or the problem with the place that you ranked."
        raise InvalidError(reason, fields={"trace": reason})
    problem = problem_for_user(user=request.user, pk=data["problem"], project=name)
    return GoldTarget(problem, data["task"], parent_id=data["parent"])
