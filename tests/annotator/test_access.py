"""The gates: the role is checked in the lookup, a stranger cannot tell 'not yours' from 'not there'."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from annotator.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from annotator.models import Membership, Project
from annotator.queries import access
from annotator.queries.access import ROLES, project_for_user
from annotator.services.projects.projects import (
    project_adopt,
    project_create,
    project_get_or_create,
    projects_adopt,
)
from tests.annotator.page_world import world_create
from tests.factories import ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db
NOUNS = ("problem", "step", "trace", "job", "model", "snapshot", "export")


@pytest.mark.parametrize("noun", NOUNS)
def test_lookup_is_one_query_and_checks_the_role(noun, django_assert_num_queries):
    world = world_create()
    gate = getattr(access, f"{noun}_for_user")
    pk = world.ids[noun]
    with django_assert_num_queries(1):
        assert gate(user=world.people["viewer"], pk=pk).pk == pk
    with pytest.raises(ForbiddenError, match="needs the role 'owner'; yours is 'viewer'"):
        gate(user=world.people["viewer"], pk=pk, at_least="owner")
    for who in (world.people["stranger"], world.people["other"], AnonymousUser()):
        with pytest.raises(NotFoundError) as stranger:
            gate(user=who, pk=pk)
        with pytest.raises(NotFoundError) as missing:
            gate(user=who, pk=pk + 10_000)
        assert stranger.value.message.replace(str(pk), "N") == missing.value.message.replace(
            str(pk + 10_000), "N"
        )


@pytest.mark.parametrize("noun", NOUNS)
def test_object_under_another_projects_name_is_not_found(noun):
    world = world_create()
    theirs = Project.objects.get(name="Theirs")
    Membership.objects.create(project=theirs, user=world.people["owner"], role="owner")
    gate = getattr(access, f"{noun}_for_user")
    with pytest.raises(NotFoundError):
        gate(user=world.people["owner"], pk=world.ids[noun], project="Theirs")


@pytest.mark.parametrize("noun", ["step", "trace"])
def test_object_under_another_problems_id_is_not_found(noun):
    world = world_create()
    gate, pk, problem = getattr(access, f"{noun}_for_user"), world.ids[noun], world.ids["problem"]
    asked = {"user": world.people["viewer"], "pk": pk}
    assert gate(**asked, problem=problem).problem_id == problem
    for other in (problem + 1, 2**63):
        with pytest.raises(NotFoundError, match=f"There is no {noun} {pk} in problem {other}."):
            gate(**asked, problem=other)


@pytest.mark.parametrize("pk", [0, -1, 2**63, 10**30])
def test_impossible_ids_are_not_found(pk):
    with pytest.raises(NotFoundError):
        access.step_for_user(user=UserFactory(), pk=pk)


def test_project_name_with_nul_is_not_found():
    with pytest.raises(NotFoundError):
        project_for_user(user=UserFactory(), name="a\x00b")


def test_roles_allow_what_they_say():
    world = world_create()
    allowed = {role: project_for_user(user=world.people[role], name="ours") for role in ROLES}
    assert [allowed[role].may_label for role in ROLES] == [False, True, True, True]
    assert [allowed[role].may_review for role in ROLES] == [False, False, True, True]
    assert [allowed[role].may_manage for role in ROLES] == [False, False, False, True]
    world.project.show_scores = False
    world.project.save()
    blind = {role: project_for_user(user=world.people[role], name="Ours") for role in ROLES}
    assert [blind[role].may_see_scores for role in ROLES] == [False, False, True, True]


def test_project_without_members_belongs_to_the_first_to_come():
    project = project_get_or_create(name="From a command")
    first, second = UserFactory(), UserFactory()
    with pytest.raises(NotFoundError):
        project_for_user(user=first, name=project.name)
    assert projects_adopt(user=first) == 1
    assert projects_adopt(user=second) == 0
    assert not project_adopt(project=project, user=second)
    assert project_for_user(user=first, name=project.name).may_manage


def test_an_invited_person_does_not_own_what_a_command_made():
    first, invited = UserFactory(), UserFactory()
    project = project_get_or_create(name="From a command")
    assert projects_adopt(user=invited) == 0
    with pytest.raises(NotFoundError):
        project_for_user(user=invited, name=project.name)
    first.is_active = False
    first.save()
    assert projects_adopt(user=invited) == 1


def test_project_names_are_one_in_any_case():
    project = project_create(name="  Game of 24 ")
    assert project.name == "Game of 24"
    assert project_get_or_create(name="GAME OF 24").pk == project.pk
    with pytest.raises(ConflictError) as refused:
        project_create(name="game of 24")
    assert refused.value.fields.keys() == {"name"}


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", "..", "a\x00b", "a\u202eb", "x" * 101])
def test_name_that_no_address_can_carry_is_refused(name):
    with pytest.raises(InvalidError) as refused:
        project_create(name=name)
    assert refused.value.fields.keys() == {"name"}
    assert not Project.objects.exists()


def test_new_project_has_a_taxonomy_and_guidelines():
    project = project_create(name="New", owner=UserFactory())
    top = project.error_types.filter(parent=None).order_by("position")
    keys = list(top.values_list("key", flat=True))
    assert keys[:3] == ["arithmetic", "algebra", "logic"]
    assert (len(keys), project.error_types.count()) == (10, 23)
    assert project.guidelines.get().number == 1
    assert ProjectFactory().guidelines.count() == 0
