"""Two projects with one of everything, and a person for every role: what access tests walk over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annotator.models import (
    ApiToken,
    Export,
    GuidelineVersion,
    Job,
    JobMetric,
    Membership,
    Project,
    RewardModel,
    Snapshot,
    Step,
    StepScore,
    Trace,
    Upload,
)
from annotator.services.artefacts import artefact_write
from annotator.services.projects import project_create
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
    stored = artefact_write(path="exports/world/train.jsonl", chunks=[FILE])
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
        "upload": upload.pk,
        "token": token.pk,
        "member": world.member.pk,
    }
