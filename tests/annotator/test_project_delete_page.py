"""A project's end: by its owner, by its name, with everything in it and nothing of others."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from annotator.models import Export, Job, Membership, Problem, Project, RewardModel, Step, StepLabel
from annotator.services import artefacts
from annotator.services.judgements.labels import label_set
from annotator.services.projects.delete import _leaves_first, _paths_to_project
from tests.annotator.importing.data import flat, load
from tests.annotator.page_world import world_create
from tests.factories import problem_with_tree

pytestmark = pytest.mark.django_db
PAGE = "/p/Ours/delete/"


@pytest.fixture
def world():
    return world_create()


@pytest.fixture
def owner(world, client_for):
    return client_for(world.people["owner"])


def test_page_counts_what_is_lost(world, owner):
    step = Step.objects.earliest("pk")
    label_set(step=step, user=world.people["annotator"], rating=1)
    page = owner.get(PAGE).content.decode()
    # One problem of three steps in two traces; five members; one label beside that of a colleague,
    # each an event, and four events of judgements that were taken back.
    for name, n in (
        ("Problems", 1),
        ("Steps", 3),
        ("Traces", 2),
        ("Labels by people", 2),
        ("Other labels", 0),
        ("Recorded judgements", 6),
        ("Reward models", 1),
        ("Snapshots", 1),
        ("Exports", 1),
        ("Members", 5),
    ):
        assert f'{name}</th><td class="num">{n}</td>' in page, name


@pytest.mark.parametrize("typed", ["", "ours", "Ours2", "Theirs"])
def test_another_name_deletes_nothing(world, owner, typed):
    answer = owner.post(PAGE, {"confirm": typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Project.objects.filter(name="Ours").exists()


def test_running_job_keeps_the_project(world, owner):
    Job.objects.filter(pk=world.ids["job"]).update(state="running")
    answer = owner.post(PAGE, {"confirm": "Ours"})
    assert answer.status_code == 409
    assert "A job is still running" in answer.content.decode()
    assert Problem.objects.filter(project__name="Ours").exists()


def test_everything_goes_and_other_projects_stay(world, owner, django_capture_on_commit_callbacks):
    theirs = Project.objects.get(name="Theirs")
    load(theirs, flat("1", "a", "b"))
    label_set(
        step=Step.objects.get(problem__project=theirs, text="a"),
        user=world.people["other"],
        rating=-1,
    )
    problem_with_tree(["x", ["y"]], project=world.project, prompt="another")
    model = RewardModel.objects.get()
    artefacts.artefact_write(path="models/1/weights.bin", chunks=[b"w"])
    export = Export.objects.get()
    assert artefacts.artefact_size(path=f"{export.path}/train.jsonl")
    with django_capture_on_commit_callbacks(execute=True):
        answer = owner.post(PAGE, {"confirm": " Ours "}, follow=True)
    assert answer.status_code == 200
    assert "Ours is deleted." in answer.content.decode()
    assert list(Project.objects.values_list("name", flat=True)) == ["Theirs"]
    assert Step.objects.count() == 2
    assert StepLabel.objects.get().rating == -1
    assert Membership.objects.get().user == world.people["other"]
    assert not RewardModel.objects.filter(pk=model.pk).exists()
    for path in ("models/1/weights.bin", f"{export.path}/train.jsonl"):
        with pytest.raises(artefacts.NotFoundError):
            artefacts.artefact_size(path=path)


def test_export_in_a_folder_of_its_own_stays(
    world, owner, tmp_path, django_capture_on_commit_callbacks
):
    (tmp_path / "train.jsonl").write_text("{}\n")
    Export.objects.update(path=str(tmp_path))
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(PAGE, {"confirm": "Ours"})
    assert (tmp_path / "train.jsonl").exists()


def test_every_table_of_a_project_is_found():
    """What hangs on a project only by a key that may be empty would be left behind."""
    found = _paths_to_project()
    personal = {"ApiToken", "SignInLink", "Worker", "Project"}
    rest = {model.__name__ for model in apps.get_app_config("annotator").get_models()}
    assert rest - {model.__name__ for model in found} == personal
    for model, path in found.items():
        assert isinstance(model._meta.get_field(path.split("__")[0]), models.ForeignKey)


def test_rows_go_before_the_rows_they_need():
    order = [model.__name__ for model in _leaves_first(_paths_to_project())]
    for first, then in (
        ("StepScore", "Step"),
        ("StepLabel", "JudgementEvent"),
        ("Step", "Problem"),
    ):
        assert order.index(first) < order.index(then)
