"""The error taxonomy as a tree: edited by owners, used by labels, never pulled from under them."""

from __future__ import annotations

import re

import pytest

from annotator.errors import ConflictError, InvalidError
from annotator.models import ErrorType, JudgementEvent, Outcome, SpanLabel, Step, StepLabel
from annotator.queries.guidelines.taxonomy import error_types_of, taxonomy_of
from annotator.services.guidelines.taxonomy import (
    error_type_add,
    error_type_delete,
    error_type_move,
    error_type_rename,
    error_type_retire,
)
from annotator.services.history.rebuild import judgements_rebuild
from annotator.services.history.undo import judgement_undo
from annotator.services.judgements.labels import label_clear, label_set
from annotator.services.judgements.relabel import error_type_labels_move
from annotator.services.judgements.spans import span_label_set
from annotator.services.projects.projects import project_create
from tests.annotator.api_client import Api, assert_error
from tests.annotator.page_world import world_create
from tests.factories import UserFactory, problem_with_tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return UserFactory.create(username="owner")


@pytest.fixture
def project(owner):
    return project_create(name="Ours", owner=owner)


@pytest.fixture
def steps(project):
    problem = problem_with_tree(["a", ["b", ["c!"]]], project=project)
    Outcome.objects.all().delete()  # written without events
    return list(Step.objects.filter(problem=problem).order_by("preorder"))


def node(project, key):
    return ErrorType.objects.get(project=project, key=key)


def below(project, key=None):
    nodes = taxonomy_of(project=project)
    parent = node(project, key).pk if key else None
    return [row.type.key for row in nodes if row.type.parent_id == parent]


def test_new_projects_start_with_a_tree(project):
    nodes = taxonomy_of(project=project)
    assert below(project) == [
        "arithmetic",
        "algebra",
        "logic",
        "misreading",
        "unsupported_claim",
        "tool_misuse",
        "format",
        "incomplete",
        "redundant",
        "circular",
    ]
    assert [row.type.key for row in nodes][:4] == [
        "arithmetic",
        "sign",
        "wrong_result",
        "number_copied",
    ]
    assert nodes[1].named == "Arithmetic slip › Sign lost or turned"
    assert (nodes[0].depth, nodes[1].depth) == (0, 1)


def test_added_nodes_get_keys_of_their_own(project):
    first = error_type_add(project=project, label="Units", parent=node(project, "arithmetic"))
    second = error_type_add(project=project, label="Units!")
    third = error_type_add(project=project, label="单位")
    assert (first.key, second.key, third.key) == ("units", "units_2", "type")
    assert below(project, "arithmetic")[-1] == "units"
    assert below(project)[-2:] == ["units_2", "type"]


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("  ", "Give the error type a name."),
        ("x" * 81, "at most 80 characters"),
        ("a\u202eb", "control or invisible"),
        ("FORMAT", "There is already a 'FORMAT'"),
    ],
)
def test_bad_names_are_refused(project, label, said):
    with pytest.raises(InvalidError, match=re.escape(said)):
        error_type_add(project=project, label=label)


def test_renaming_keeps_the_key(project):
    error_type_rename(error_type=node(project, "format"), label="Layout")
    assert node(project, "format").label == "Layout"


def test_moving_takes_what_is_below_along(project):
    arithmetic = node(project, "arithmetic")
    error_type_move(error_type=arithmetic, parent=node(project, "logic"), place=0)
    assert below(project, "logic") == ["arithmetic", "case_missing", "converse"]
    assert below(project, "arithmetic") == ["sign", "wrong_result", "number_copied"]
    error_type_move(error_type=node(project, "number_copied"), parent=arithmetic, place=1)
    assert below(project, "arithmetic") == ["sign", "number_copied", "wrong_result"]


def test_a_node_cannot_stand_below_itself(project):
    with pytest.raises(InvalidError, match="cannot stand below itself"):
        error_type_move(error_type=node(project, "logic"), parent=node(project, "converse"))


def test_the_tree_is_at_most_six_levels_deep(project):
    parent = None
    for level in range(6):
        parent = error_type_add(project=project, label=f"level {level}", parent=parent)
    with pytest.raises(InvalidError, match="at most 6 levels"):
        error_type_add(project=project, label="too deep", parent=parent)
    with pytest.raises(InvalidError, match="at most 6 levels"):
        error_type_move(error_type=node(project, "logic"), parent=node(project, "level_4"))


def test_retired_nodes_are_kept_by_labels_and_not_offered(project, owner, steps):
    label_set(step=steps[0], user=owner, rating=-1, error_type="format")
    error_type_retire(error_type=node(project, "format"))
    assert "format" not in {row.type.key for row in error_types_of(project=project)}
    kept = {row.type.key for row in error_types_of(project=project, keep="format")}
    assert "format" in kept
    assert StepLabel.objects.get().error_type.key == "format"


def test_nodes_in_use_are_not_deleted(project, owner, steps):
    label_set(step=steps[0], user=owner, rating=-1, error_type="format")
    with pytest.raises(ConflictError) as refused:
        error_type_delete(error_type=node(project, "format"))
    assert refused.value.code == "in_use"
    assert refused.value.message == (
        "1 label has the type 'Format'. Retire it, so that it is no longer offered, or move its "
        "labels to another node."
    )
    label_clear(step=steps[0], user=owner)
    with pytest.raises(ConflictError, match="an undo may bring it back"):
        error_type_delete(error_type=node(project, "format"))
    with pytest.raises(ConflictError, match="3 nodes stand below 'Arithmetic slip'"):
        error_type_delete(error_type=node(project, "arithmetic"))
    error_type_delete(error_type=node(project, "sign"))
    assert below(project, "arithmetic") == ["wrong_result", "number_copied"]


def test_labels_move_to_another_node_as_events(project, owner, steps):
    other = UserFactory.create(username="other")
    label_set(step=steps[0], user=other, rating=-1, error_type="format", note="x")
    label_set(step=steps[1], user=owner, rating=-1, error_type="logic")
    span_label_set(first=steps[1], last=steps[2], user=other, rating=-1, error_type="format")
    before = JudgementEvent.objects.count()
    moved = error_type_labels_move(
        error_type=node(project, "format"), to=node(project, "circular"), user=owner
    )
    assert (moved, JudgementEvent.objects.count() - before) == (2, 2)
    label = StepLabel.objects.get(step=steps[0])
    assert (label.error_type.key, label.note, label.rater.user) == ("circular", "x", other)
    assert SpanLabel.objects.get().error_type.key == "circular"
    event = JudgementEvent.objects.filter(kind="step_label").latest("pk")
    assert (event.user, event.rater.user) == (owner, other)
    assert (event.payload["error_type"], event.before["error_type"]) == ("circular", "format")
    assert judgements_rebuild(project=project).equal
    judgement_undo(problem=steps[0].problem, user=owner)
    assert StepLabel.objects.get(step=steps[0]).error_type.key == "format"
    assert SpanLabel.objects.get().error_type.key == "format"
    assert judgements_rebuild(project=project).equal


def test_labels_cannot_move_to_the_same_node(project, owner):
    format_ = node(project, "format")
    with pytest.raises(InvalidError, match="another node"):
        error_type_labels_move(error_type=format_, to=format_, user=owner)


def test_page_edits_the_tree_and_says_why_not(client_for):
    world = world_create()
    page = client_for(world.people["owner"])
    assert (
        page.post("/p/Ours/taxonomy/", {"label": "Units", "parent": "arithmetic"}).status_code
        == 302
    )
    assert node(world.project, "units").parent.key == "arithmetic"
    page.post("/p/Ours/taxonomy/units/rename/", {"label": "Wrong unit"})
    page.post("/p/Ours/taxonomy/units/move/", {"parent": "", "place": "0"})
    page.post("/p/Ours/taxonomy/units/retire/")
    row = node(world.project, "units")
    assert (row.label, row.parent, row.position, row.retired) == ("Wrong unit", None, 0, True)
    label_set(
        step=Step.objects.earliest("pk"),
        user=world.people["annotator"],
        rating=-1,
        error_type="format",
    )
    refused = page.post("/p/Ours/taxonomy/format/delete/")
    assert refused.status_code == 409
    assert "Retire it, so that it is no longer offered" in refused.content.decode()
    assert page.post("/p/Ours/taxonomy/", {"label": "Format"}).status_code == 422
    assert page.post("/p/Ours/taxonomy/format/burn/").status_code == 422
    assert page.post("/p/Ours/taxonomy/nothing/retire/").status_code == 404
    assert page.post("/p/Ours/taxonomy/format/labels/", {"to": "circular"}).status_code == 302
    assert StepLabel.objects.get(error_type__isnull=False).error_type.key == "circular"
    shown = client_for(world.people["annotator"]).get("/p/Ours/taxonomy/").content.decode()
    assert "Wrong unit" in shown
    assert 'class="num"' not in shown  # how often others chose a type is theirs


def test_api_edits_the_tree():
    world = world_create()
    owner = Api(world.people["owner"])
    made = owner("post", "projects/Ours/taxonomy/", {"label": "Units", "parent": "logic"})
    assert made.status_code == 201
    assert made.json() == {
        "key": "units",
        "label": "Units",
        "parent": "logic",
        "depth": 1,
        "retired": False,
        "labels": 0,
    }
    place = "projects/Ours/taxonomy/units/"
    changed = owner("patch", place, {"label": "Unit", "parent": "", "retired": True}).json()
    assert (changed["label"], changed["parent"], changed["retired"]) == ("Unit", "", True)
    assert_error(owner("patch", place, {"parent": "units"}), 422, "invalid")
    assert owner("patch", place, {"retired": False}).json()["retired"] is False
    label_set(
        step=Step.objects.earliest("pk"),
        user=world.people["annotator"],
        rating=-1,
        error_type="units",
    )
    assert_error(owner("delete", place), 409, "in_use")
    assert owner("post", f"{place}labels/", {"to": "logic"}).json() == {"moved": 1}
    rows = Api(world.people["annotator"])("get", "projects/Ours/taxonomy/").json()["results"]
    assert {row["labels"] for row in rows} == {None}
