"""Queues and what people hold of them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers as s

from annotator.api.serializers.jobs import JobOut
from annotator.api.serializers.judgements import JudgementIn
from annotator.models import Assignment, Queue
from annotator.services.queues.orders.registry import ORDERS


class QueueIn(JudgementIn):
    """A new queue."""

    project = s.CharField()
    name = s.CharField(max_length=100)
    task = s.ChoiceField(choices=Queue.Task.choices)
    order = s.CharField(default="file", max_length=40, help_text=f"One of {', '.join(ORDERS)}.")
    model = s.IntegerField(required=False, allow_null=True, default=None)
    overlap = s.IntegerField(default=1)
    limit = s.IntegerField(required=False, allow_null=True, default=None)
    lease_seconds = s.IntegerField(default=900)
    seed = s.IntegerField(default=0)
    gold_share = s.FloatField(default=0)
    reveal_share = s.FloatField(default=0)
    is_exam = s.BooleanField(default=False)
    pass_mark = s.FloatField(required=False, allow_null=True, default=None)
    exam = s.IntegerField(required=False, allow_null=True, default=None, help_text="Id of an exam.")


class QueueChange(JudgementIn):
    """What may change later."""

    state = s.ChoiceField(choices=Queue.State.choices)


class ProgressOut(s.Serializer[Any]):
    """How far a queue is, in accepted answers."""

    wanted = s.IntegerField(help_text="Items × overlap.")
    done = s.IntegerField()
    in_work = s.IntegerField(help_text="Leases that hold now.")


class QueuePersonOut(s.Serializer[Any]):
    """What one person did in a queue."""

    user = s.CharField()
    served = s.IntegerField()
    submitted = s.IntegerField()
    skipped = s.IntegerField()
    holds = s.IntegerField()
    nothing_left = s.BooleanField()


class QueueOut(s.Serializer[Any]):
    """A queue. From ``order`` on for reviewers and owners only."""

    id = s.IntegerField()
    project = s.CharField()
    name = s.CharField()
    task = s.CharField()
    state = s.CharField()
    is_exam = s.BooleanField()
    exam = s.IntegerField(allow_null=True)
    lease_seconds = s.IntegerField()
    created = s.DateTimeField()
    order = s.CharField(required=False)
    seed = s.IntegerField(required=False)
    model = s.IntegerField(required=False, allow_null=True)
    overlap = s.IntegerField(required=False)
    items = s.IntegerField(required=False, help_text="0 while the queue is being filled.")
    gold_share = s.FloatField(required=False)
    reveal_share = s.FloatField(required=False)
    pass_mark = s.FloatField(required=False, allow_null=True)
    options = s.DictField(required=False)
    progress = ProgressOut(required=False)
    people = QueuePersonOut(required=False, many=True)


class QueueList(s.Serializer[Any]):
    """A page of queues, newest first."""

    results = QueueOut(many=True)
    next = s.IntegerField(allow_null=True)


class QueueMade(s.Serializer[Any]):
    """A new queue and the job that fills it."""

    queue = QueueOut()
    job = JobOut()


class AssignmentOut(s.Serializer[Any]):
    """An item in the person's own hands."""

    id = s.IntegerField()
    queue = s.IntegerField()
    project = s.CharField()
    task = s.CharField()
    state = s.ChoiceField(choices=Assignment.State.choices)
    fence = s.IntegerField(help_text="Send it back with what you do.")
    lease_until = s.DateTimeField()
    problem = s.IntegerField()
    trace = s.IntegerField(allow_null=True, help_text="What to rate.")
    level = s.CharField(help_text="What to rank: step, branch or trace.")
    parent = s.IntegerField(  # type: ignore[assignment]
        allow_null=True, help_text="Whose children to rank; null = the problem's."
    )
    scores_shown = s.BooleanField()
    draft = s.JSONField(allow_null=True)
    started = s.DateTimeField()
    finished = s.DateTimeField(allow_null=True)
    milliseconds = s.IntegerField(allow_null=True)


class NextOut(s.Serializer[Any]):
    """What ``next`` found."""

    outcome = s.CharField(
        help_text="item, nothing, building, paused, closed, exam, stopped or stranger."
    )
    reason = s.CharField(allow_blank=True, help_text="Why there is no item.")
    assignment = AssignmentOut(allow_null=True)


class FenceIn(JudgementIn):
    """Which lease is meant."""

    fence = s.IntegerField(min_value=0, max_value=2**63 - 1)


class SubmitIn(FenceIn):
    """The answer is in."""

    milliseconds = s.IntegerField(required=False, allow_null=True, default=None)


class SkipIn(FenceIn):
    """Leave it to others."""

    reason = s.CharField(allow_blank=True, max_length=1_000)


class DraftIn(JudgementIn):
    """What the person has so far."""

    draft = s.JSONField(allow_null=True)


class AssignmentSaved(s.Serializer[Any]):
    """The assignment, and whether the request had been carried out before."""

    assignment = AssignmentOut()
    replayed = s.BooleanField()


class ItemOut(s.Serializer[Any]):
    """An item, for reviewers and owners."""

    id = s.IntegerField()
    position = s.FloatField()
    problem = s.IntegerField()
    trace = s.IntegerField(allow_null=True)
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]
    gold = s.BooleanField()
    need = s.IntegerField(help_text="How many more people are wanted.")
    reserved_for = s.CharField(allow_null=True)
    propensity = s.FloatField(allow_null=True)
    model_version = s.CharField()
    why = s.DictField(allow_null=True)
    answers = s.ListField(child=s.DictField())


class ItemList(s.Serializer[Any]):
    """A page of items in the queue's order."""

    results = ItemOut(many=True)
    next = s.CharField(allow_null=True, help_text="Send as ?after= for the next page.")


class AssignIn(JudgementIn):
    """Keep an item for a member."""

    user = s.CharField(help_text="The member's username.")
    instead_of = s.IntegerField(
        required=False, allow_null=True, default=None, help_text="Id of a lease to end."
    )
