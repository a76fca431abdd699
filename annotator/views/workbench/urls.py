"""Addresses of the workbench, below ``p/<project>/problems/<pk>/``."""

from __future__ import annotations

from django.urls import path

from annotator.views.workbench import data, judgements, page

BASE = "p/<str:project>/problems/<int:pk>/"

urlpatterns = [
    path(BASE, page.problem_detail, name="problem"),
    path(f"{BASE}tree.json", data.tree, name="tree"),
    path(f"{BASE}credit.json", data.credit_values, name="credit-values"),
    path(f"{BASE}texts.json", data.step_texts, name="step-texts"),
    path(f"{BASE}find.json", data.find, name="find"),
    path(f"{BASE}undo/", judgements.undo, name="undo"),
    path(f"{BASE}redo/", judgements.redo, name="redo"),
    path(f"{BASE}unlabelled/", page.unlabelled, name="unlabelled"),
    path(f"{BASE}steps/<int:step>/label/", judgements.step_label, name="step-label"),
    path(f"{BASE}steps/<int:step>/siblings/", page.siblings, name="siblings"),
    path(f"{BASE}steps/<int:step>/tokens.json", data.tokens_json, name="step-tokens"),
    path(f"{BASE}traces/<int:trace>/outcome/", judgements.trace_outcome, name="trace-outcome"),
]
