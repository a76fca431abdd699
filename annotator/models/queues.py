"""Queues of work: who is served what, under which lease, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotator.models.data import Problem, Step, Trace
from annotator.models.projects import GuidelineVersion, Project
from annotator.models.quality import Gold
from annotator.models.scores import RewardModel


class Queue(models.Model):
    """Items of one task in a stored order, each wanted from ``overlap`` different annotators.

    ``version`` grows with every item that may have become available again, so that a cursor that
    found nothing knows when to look once more. ``reveal_share``: the share of assignments, drawn at
    random, in which model scores are shown (0 = always blind). ``gold_share``: the share in which a
    gold item is served instead. An exam is a queue of gold items only; ``exam`` names the one to pass
    before this queue opens for an annotator.
    """

    class Task(models.TextChoices):
        FIRST_ERROR = "first_error", "Rate steps up to the first error"
        ALL_STEPS = "all_steps", "Rate every step"
        RANK_STEP = "rank_step", "Rank sibling steps"
        RANK_BRANCH = "rank_branch", "Rank branches of a fork"
        RANK_TRACE = "rank_trace", "Rank whole traces"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    project = models.ForeignKey(Project, models.CASCADE, related_name="queues")
    name = models.CharField(max_length=100)
    task = models.CharField(max_length=12, choices=Task.choices)
    order = models.CharField(max_length=40, default="file")
    seed = models.BigIntegerField(default=0)
    overlap = models.PositiveSmallIntegerField(default=1)
    lease_seconds = models.PositiveIntegerField(default=900)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    model = models.ForeignKey(RewardModel, models.SET_NULL, null=True, related_name="queues")
    options = models.JSONField(default=dict)
    reveal_share = models.FloatField(default=0)
    gold_share = models.FloatField(default=0)
    is_exam = models.BooleanField(default=False)
    pass_mark = models.FloatField(null=True)
    exam = models.ForeignKey("self", models.SET_NULL, null=True, related_name="opens")
    version = models.BigIntegerField(default=1)
    n_items = models.IntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="queue_name_unique"),
            models.CheckConstraint(
                condition=Q(overlap__gte=1, lease_seconds__gte=1), name="queue_numbers_valid"
            ),
            models.CheckConstraint(
                condition=Q(
                    reveal_share__gte=0, reveal_share__lte=1, gold_share__gte=0, gold_share__lte=1
                ),
                name="queue_shares_valid",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QueueItem(models.Model):
    """One thing to judge: a trace to rate, or the items below ``parent`` (null = root) to rank.

    ``need``: how many more people are wanted, leased ones taken off. ``open`` follows from it and
    is a column of its own because the index of what can be served depends on it. ``position`` is
    the place in the queue's order; ``why`` and ``propensity`` say how it came there. ``freed``: the
    queue's version at which a place in the item was last given back (null = never), unique in the
    queue; whoever passed the item finds it by this number. A gold item looks like any other in
    everything that an annotator can see; its ``need`` is 0 and never used, for everybody gets it.
    What stands in for its places once somebody gives it back is kept with their assignment.
    """

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="items", db_index=False)
    problem = models.ForeignKey(Problem, models.CASCADE, related_name="queue_items")
    trace = models.ForeignKey(Trace, models.CASCADE, null=True, related_name="queue_items")
    parent = models.ForeignKey(Step, models.CASCADE, null=True, related_name="queue_items_below")
    gold = models.ForeignKey(Gold, models.CASCADE, null=True, related_name="items")
    position = models.FloatField()
    need = models.SmallIntegerField()
    open = models.BooleanField(default=True)
    reserved_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="reserved_items"
    )
    propensity = models.FloatField(null=True)
    model_version = models.CharField(max_length=120, blank=True, default="")
    why = models.JSONField(null=True)
    freed = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["queue", "position", "id"],
                condition=Q(open=True, gold__isnull=True),
                name="queue_item_open",
            ),
            models.Index(
                fields=["queue", "freed"],
                condition=Q(open=True, gold__isnull=True, freed__isnull=False),
                name="queue_item_freed",
            ),
            models.Index(
                fields=["queue", "id"], condition=Q(gold__isnull=False), name="queue_item_gold"
            ),
            models.Index(
                fields=["reserved_for", "queue"],
                condition=Q(reserved_for__isnull=False),
                name="queue_item_reserved",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(need__gte=0), name="queue_item_need_valid")
        ]

    def __str__(self) -> str:
        return f"item {self.pk} of queue {self.queue_id}"


class Assignment(models.Model):
    """An item in the hands of a person.

    ``fence`` grows at every lease; a submit carries the one it was given, so work under a lease that
    ended is told so instead of being counted twice. ``draft`` survives the lease. ``result`` is what
    a gold item said of the answer.

    Only gold that the person gave back has ``freed`` and ``places``: the queue's version at that
    moment, and how many places another item would have had free. The person may have it again until
    so many others have come past that version, as they might with any other item.
    """

    class State(models.TextChoices):
        LEASED = "leased", "In work"
        SUBMITTED = "submitted", "Submitted"
        SKIPPED = "skipped", "Skipped"
        RETURNED = "returned", "Returned"
        EXPIRED = "expired", "Lease ended"

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="assignments")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="assignments", db_index=False
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.LEASED)
    fence = models.BigIntegerField(default=1)
    lease_until = models.DateTimeField()
    started = models.DateTimeField(db_default=Now())
    finished = models.DateTimeField(null=True)
    milliseconds = models.BigIntegerField(null=True)
    reason = models.TextField(blank=True, default="")
    draft = models.JSONField(null=True)
    scores_shown = models.BooleanField(default=False)
    guideline = models.ForeignKey(
        GuidelineVersion, models.RESTRICT, null=True, related_name="assignments"
    )
    result = models.JSONField(null=True)
    freed = models.BigIntegerField(null=True)
    places = models.SmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "user"], name="assignment_unique"),
        ]
        indexes = [
            models.Index(
                fields=["lease_until"], condition=Q(state="leased"), name="assignment_leased"
            ),
            models.Index(fields=["user", "state", "-id"], name="assignment_by_user"),
        ]

    def __str__(self) -> str:
        return f"item {self.item_id} with user {self.user_id}: {self.state}"


class QueueCursor(models.Model):
    """How far one annotator has come in a queue, and how much they did.

    Every item up to ``position``/``last_id`` was closed, reserved or the annotator's own when they
    passed it; what was given back since has a ``freed`` above the cursor's. ``exhausted``: the
    queue's ``version`` at which nothing was left for them; null = not known. ``submitted`` counts
    answers, ``gold`` those of them that were gold, so that progress needs no count of assignments.
    """

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="cursors", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="cursors")
    position = models.FloatField(default=0)
    last_id = models.BigIntegerField(default=0)
    served = models.IntegerField(default=0)
    exhausted = models.BigIntegerField(null=True)
    freed = models.BigIntegerField(default=0)
    submitted = models.IntegerField(default=0)
    gold = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "user"], name="queue_cursor_unique")
        ]

    def __str__(self) -> str:
        return f"user {self.user_id} in queue {self.queue_id}"


class Qualification(models.Model):
    """How a person did in an exam; ``attempt`` counts from 1."""

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="qualifications", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="qualifications"
    )
    passed = models.BooleanField()
    right = models.IntegerField()
    total = models.IntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    decided = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "user"], name="qualification_unique")
        ]

    def __str__(self) -> str:
        return f"{self.right} of {self.total} by user {self.user_id}"
