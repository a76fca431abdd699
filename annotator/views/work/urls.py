"""Addresses of an annotator's work in a queue."""

from __future__ import annotations

from django.urls import path

from annotator.views.work import shell

QUEUE = "p/<str:project>/work/<int:queue>/"
ITEM = f"{QUEUE}<int:assignment>/"

urlpatterns = [
    path(QUEUE, shell.work_next, name="work"),
    path(ITEM, shell.work_item, name="work-item"),
    path(f"{ITEM}heartbeat/", shell.work_heartbeat, name="work-heartbeat"),
    path(f"{ITEM}draft/", shell.work_draft, name="work-draft"),
    path(f"{ITEM}submit/", shell.work_submit, name="work-submit"),
    path(f"{ITEM}skip/", shell.work_skip, name="work-skip"),
    path(f"{ITEM}return/", shell.work_return, name="work-return"),
    path(f"{ITEM}retake/", shell.work_retake, name="work-retake"),
]
