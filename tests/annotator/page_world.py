"""Two projects with one of everything, and a person for every role: what access tests walk over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from annotator.models import (
    Alternative,
    ApiToken,
    Assignment,
    Comment,
    Evaluation,
    EvaluationResult,
    Export,
    Gold,
    GuidelineVersion,
    Job,
    JobMetric,
    JudgementEvent,
    Membership,
    Project,
    Queue,
    QueueItem,
    RewardModel,
    Snapshot,
    Step,
    StepLabel,
    StepScore,
    Trace,
    Upload,
)
from annotator.services.artefacts import artefact_write
from annotator.services.people.raters import rater_for_user
from annotator.services.projects.projects import project_create
from tests.factories import UserFactory, problem_with_tree

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROLES = ("viewer", "annotator", "reviewer", "owner")
FILE = b'{"prompt": "1 + 1"}\n'
# Text that must never act: markup, script, a formula, a direction override.
HOSTILE = (
    "<script>alert('x')</script><img src=x onerror=alert(1)>\"'=cmd|' /C calc'!A0\u202ereversed"
)


@dataclass
class World:
    """A project called ``Ours`` with everything in it, and people around it."""

    project: Project
    people: dict[str, User]
    ids: dict[str, int] = field(default_factory=dict)
    assignments: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, int] = field(default_factory=dict)

    def of(self, who: str | None) -> dict[str, int]:
        """Return the ids that ``who`` would ask for: some things are one person's own."""
        role = who if who in self.assignments else "annotator"
        own = {"assignment": self.assignments, "event": self.events, "remark": self.remarks}
        return {**self.ids, **{noun: ids[role] for noun, ids in own.items()}}

    @property
    def member(self) -> User:
        """Somebody of the project whom no test signs in."""
        return self.people["colleague"]


def world_create(*, text: str = "4 * 5 = 20") -> World:
    """Make ``Ours`` with a member per role, a stranger, and an owner of another project."""
    people = {
        name: UserFactory.create(username=name)
        for name in (*ROLES, "colleague", "stranger", "other")
    }
    project = project_create(name="Ours", owner=people["owner"], description=text)
    for name, role in (*((role, role) for role in ROLES[:-1]), ("colleague", "annotator")):
        Membership.objects.create(project=project, user=people[name], role=role)
    project_create(name="Theirs", owner=people["other"])
    world = World(project, people)
    _fill(world, text)
    return world


def _fill(world: World, text: str) -> None:
    project, owner = world.project, world.people["owner"]
    problem = problem_with_tree([text, [f"{text} !"], ["6"]], project=project, prompt=text)
    step = Step.objects.filter(problem=problem).earliest("preorder")
    job = Job.objects.create(
        project=project,
        kind=Job.Kind.TRAIN,
        state="failed",
        error=text,
        error_code="training",
        args={"name": text},
        result={"errors": [{"file": text, "line": 1, "record": 0, "reason": text}], "rejected": 1},
    )
    JobMetric.objects.create(job=job, step=1, name="loss", value=0.5)
    snapshot = Snapshot.objects.create(project=project, name="frozen", hash="0" * 64)
    model = RewardModel.objects.create(
        project=project,
        name=text[:90],
        kind="prm",
        ready=True,
        artefact="models/1",
        job=job,
        snapshot=snapshot,
        metrics={"auroc": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}},
    )
    StepScore.objects.create(step=step, model=model, score=0.25)
    evaluation = Evaluation.objects.create(
        project=project,
        model=model,
        snapshot=snapshot,
        part="all",
        suites=[["steps", {}], ["gone", {}]],
        counts={"problems": 1, "traces": 2, "steps": 3, "steps_without_a_score": [2]},
        ready=True,
    )
    for place, suite in enumerate(("steps", "gone")):
        EvaluationResult.objects.create(
            evaluation=evaluation, place=place, suite=suite, reason=text
        )
    stored = artefact_write(path="exports/world/train.jsonl", chunks=[FILE])
    artefact_write(path="exports/world/manifest.json", chunks=[b"{}"])
    export = Export.objects.create(
        project=project,
        snapshot=snapshot,
        format="tracewood",
        path="exports/world",
        rows=1,
        files=[{"path": "train.jsonl", "rows": 1, "sha256": stored.sha256, "size": stored.size}],
    )
    upload = Upload.objects.create(
        project=project, user=owner, name=text, path="uploads/x", size=1, sha256="0" * 64
    )
    token = ApiToken.objects.create(user=owner, name=text[:70], digest="0" * 64, prefix="tw_00000")
    GuidelineVersion.objects.create(project=project, number=2, markdown=text, author=owner)
    world.ids = {
        "problem": problem.pk,
        "step": step.pk,
        "trace": Trace.objects.filter(problem=problem).earliest("ordinal").pk,
        "job": job.pk,
        "model": model.pk,
        "snapshot": snapshot.pk,
        "export": export.pk,
        "evaluation": evaluation.pk,
        "upload": upload.pk,
        "token": token.pk,
        "member": world.member.pk,
        **_queue(world),
        **_judgements(world, step, text),
    }


def _queue(world: World) -> dict[str, int]:
    """Make a queue with an item, which every member holds, whatever their role is now."""
    queue = Queue.objects.create(
        project=world.project, name="first", task="first_error", n_items=1, overlap=len(ROLES)
    )
    trace = Trace.objects.filter(problem__project=world.project).earliest("pk")
    item = QueueItem.objects.create(
        queue=queue, problem=trace.problem, trace=trace, position=1, need=1
    )
    for role in ROLES:
        held = Assignment.objects.create(
            item=item,
            user=world.people[role],
            lease_until=timezone.now() + timedelta(hours=1),
        )
        world.assignments[role] = held.pk
    gold = Gold.objects.create(
        project=world.project,
        problem=trace.problem,
        trace=trace,
        task="all_steps",
        answer={"ratings": {str(trace.end_id): 1}, "first_error": None},
    )
    exam = Queue.objects.create(
        project=world.project, name="Exam", task="all_steps", is_exam=True, pass_mark=1.0
    )
    return {"queue": queue.pk, "item": item.pk, "gold": gold.pk, "exam": exam.pk}


def _judgements(world: World, step: Step, text: str) -> dict[str, int]:
    """Let every member judge and take it back; a colleague is unsure and asks."""
    judged = {"project": world.project, "problem": step.problem, "step": step}
    for role in ROLES:
        rater = rater_for_user(project=world.project, user=world.people[role])
        about = {**judged, "kind": "step_label", "user": world.people[role], "rater": rater}
        event = JudgementEvent.objects.create(**about, payload={"cleared": True})
        world.events[role] = event.pk
        said = Comment.objects.create(**judged, rater=rater, text=text)
        world.remarks[role] = said.pk
        Alternative.objects.create(
            problem=step.problem, replaces=step, rater=rater, event=event, text=text
        )
    rater = rater_for_user(project=world.project, user=world.member)
    last = Step.objects.filter(problem=step.problem).latest("preorder")
    event = JudgementEvent.objects.create(
        **{**judged, "step": last},
        kind="step_label",
        user=world.member,
        rater=rater,
        payload={"unsure": True},
    )
    label = StepLabel.objects.create(step=last, rater=rater, event=event, unsure=True, note=text)
    asked = Comment.objects.create(**judged, rater=rater, kind="flag", text=text)
    return {"label": label.pk, "comment": asked.pk}
