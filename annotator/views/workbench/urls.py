"""Addresses of the workbench, below ``p/<project>/problems/<pk>/``."""

from __future__ import annotations

from django.urls import path

from annotator.views.workbench import (
    data,
    finding,
    judgements,
    judging,
    judging_spans,
    menu,
    page,
    spans,
    talk,
)

BASE = "p/<str:project>/problems/<int:pk>/"

urlpatterns = [
    path(BASE, page.problem_detail, name="problem"),
    path(f"{BASE}tree.json", data.tree, name="tree"),
    path(f"{BASE}credit.json", data.credit_values, name="credit-values"),
    path(f"{BASE}credit/menu/", menu.credit_menu, name="credit-menu"),
    path(f"{BASE}credit/here/", menu.credit_here, name="credit-here"),
    path(f"{BASE}find-columns.json", finding.find_columns, name="find-columns"),
    path(f"{BASE}texts.json", data.step_texts, name="step-texts"),
    path(f"{BASE}find.json", finding.find, name="find"),
    path(f"{BASE}undo/", judgements.undo, name="undo"),
    path(f"{BASE}redo/", judgements.redo, name="redo"),
    path(f"{BASE}unlabelled/", page.unlabelled, name="unlabelled"),
    path(f"{BASE}steps/<int:step>/label/", judgements.step_label, name="step-label"),
    path(f"{BASE}steps/<int:step>/span/", spans.step_span, name="step-span"),
    path(f"{BASE}steps/<int:step>/comments/", talk.step_comments, name="step-comments"),
    path(f"{BASE}steps/<int:step>/alternative/", talk.step_alternative, name="step-alternative"),
    path(f"{BASE}comments/", talk.problem_comments, name="problem-comments"),
    path(f"{BASE}comments/<int:remark>/settle/", talk.comment_settle, name="comment-settle"),
    path(f"{BASE}steps/<int:step>/siblings/", page.siblings, name="siblings"),
    path(f"{BASE}steps/<int:step>/tokens.json", data.tokens_json, name="step-tokens"),
    path(f"{BASE}traces/<int:trace>/judge/", judging.trace_judging, name="trace-judging"),
    path(
        f"{BASE}traces/<int:trace>/steps/<int:step>/label/", judging.trace_step, name="trace-step"
    ),
    path(f"{BASE}traces/<int:trace>/steps/<int:step>/rest/", judging.trace_rest, name="trace-rest"),
    path(f"{BASE}traces/<int:trace>/span/", judging_spans.trace_span, name="trace-span"),
    path(
        f"{BASE}traces/<int:trace>/submission/", judging.trace_submission, name="trace-submission"
    ),
    path(f"{BASE}traces/<int:trace>/outcome/", judgements.trace_outcome, name="trace-outcome"),
]
