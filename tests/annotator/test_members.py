"""Members: added, changed, invited and removed by owners; the last owner stays."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from annotator.errors import ConflictError, ForbiddenError, NotFoundError
from annotator.models import Membership
from annotator.queries.access import project_for_user
from annotator.services.people.members import member_add, member_remove, member_set
from annotator.services.projects.projects import project_create
from tests.annotator.page_world import world_create
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_last_owner_can_neither_step_down_nor_leave():
    owner = UserFactory()
    project = project_create(name="P", owner=owner)
    access = project_for_user(user=owner, name="P")
    with pytest.raises(ConflictError, match="needs an owner"):
        member_set(project=project, user=owner, role="viewer")
    with pytest.raises(ConflictError, match="needs an owner"):
        member_remove(access=access, user_id=owner.pk)
    member_set(project=project, user=UserFactory(), role="owner")
    member_remove(access=access, user_id=owner.pk)
    assert not Membership.objects.filter(project=project, user=owner).exists()


def test_member_may_leave_but_not_remove_others():
    world = world_create()
    access = project_for_user(user=world.people["viewer"], name="Ours")
    with pytest.raises(ForbiddenError):
        member_remove(access=access, user_id=world.people["reviewer"].pk)
    member_remove(access=access, user_id=world.people["viewer"].pk)
    with pytest.raises(NotFoundError):
        project_for_user(user=world.people["viewer"], name="Ours")


def test_unknown_account_is_refused_with_the_way_out():
    project = project_create(name="P", owner=UserFactory())
    with pytest.raises(NotFoundError, match="invite a new person"):
        member_add(project=project, username="nobody", role="viewer")


def test_invited_person_signs_in_once_by_the_link(client_for):
    world = world_create()
    page = client_for(world.people["owner"]).post(
        "/p/Ours/members/", {"username": "newcomer", "role": "annotator", "invite": "on"}
    )
    link = re.search(r"/sign-in/[\w-]+/", page.content.decode())[0]
    assert "no-store" in page.headers["Cache-Control"]
    guest = Client()
    preview = guest.get(link)
    assert preview.status_code == 200
    assert "_auth_user_id" not in guest.session
    assert guest.post(link).status_code == 302
    assert guest.get("/p/Ours/problems/").status_code == 200
    assert not User.objects.get(username="newcomer").has_usable_password()
    again = Client().post(link)
    assert again.status_code == 403
    assert "does not work any more" in again.content.decode()


def test_link_is_not_shown_twice(client_for):
    world = world_create()
    owner = client_for(world.people["owner"])
    owner.post("/p/Ours/members/", {"username": "newcomer", "role": "viewer", "invite": "on"})
    assert "/sign-in/" not in owner.get("/p/Ours/members/").content.decode()


def test_role_change_applies_at_once(client_for):
    world = world_create()
    viewer, owner = world.people["viewer"], client_for(world.people["owner"])
    assert owner.post(f"/p/Ours/members/{viewer.pk}/role/", {"role": "owner"}).status_code == 302
    assert client_for(viewer).get("/p/Ours/settings/").status_code == 200


@pytest.mark.parametrize(
    ("role", "said"),
    [("annotator", "an annotator"), ("owner", "an owner"), ("reviewer", "a reviewer")],
)
def test_a_role_is_named_with_its_article(client_for, role, said):
    world = world_create()
    viewer, owner = world.people["viewer"], client_for(world.people["owner"])
    page = owner.post(f"/p/Ours/members/{viewer.pk}/role/", {"role": role}, follow=True)
    assert f"{viewer.username} is now {said}." in page.content.decode()


def test_impossible_role_changes_nothing(client_for):
    world = world_create()
    viewer, owner = world.people["viewer"], client_for(world.people["owner"])
    answer = owner.post(f"/p/Ours/members/{viewer.pk}/role/", {"role": "god"})
    assert answer.status_code == 422
    assert Membership.objects.get(user=viewer).role == "viewer"


def test_form_errors_come_back_beside_the_field(client_for):
    world = world_create()
    page = client_for(world.people["owner"]).post(
        "/p/Ours/members/", {"username": "nobody", "role": "viewer"}
    )
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.content.decode()
    assert "There is no account &#x27;nobody&#x27;" in page.content.decode()
