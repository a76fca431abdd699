"""Members through the API: the services of the page, with its roles and its last owner."""

from __future__ import annotations

import pytest

from annotator.models import Membership, Step, StepLabel
from annotator.services.judgements.labels import label_set
from tests.annotator.api_client import Api, assert_error
from tests.annotator.page_world import world_create

pytestmark = pytest.mark.django_db
MEMBERS = "projects/Ours/members/"


@pytest.fixture
def world():
    return world_create()


@pytest.fixture
def as_(world):
    return lambda role: Api(world.people[role])


def test_list_is_owners_first_with_counts(world, as_):
    had = StepLabel.objects.filter(rater__user=world.people["colleague"]).count()
    label_set(step=Step.objects.earliest("pk"), user=world.people["colleague"], rating=1)
    rows = as_("reviewer")("get", MEMBERS).json()["results"]
    assert [(row["username"], row["role"], row["labels"]) for row in rows] == [
        ("owner", "owner", 0),
        ("reviewer", "reviewer", 0),
        ("annotator", "annotator", 0),
        ("colleague", "annotator", had + 1),
        ("viewer", "viewer", 0),
    ]
    assert rows[0]["id"] == world.people["owner"].pk


def test_owner_adds_changes_and_removes(world, as_):
    owner, stranger = as_("owner"), world.people["stranger"]
    added = owner("post", MEMBERS, {"username": "stranger", "role": "viewer"})
    assert added.status_code == 201
    assert added.json().items() >= {"id": stranger.pk, "role": "viewer", "labels": 0}.items()
    one = f"{MEMBERS}{stranger.pk}/"
    assert owner("patch", one, {"role": "reviewer"}).json()["role"] == "reviewer"
    assert Membership.objects.get(user=stranger).role == "reviewer"
    assert owner("delete", one).status_code == 204
    assert not Membership.objects.filter(user=stranger).exists()
    assert_error(owner("delete", one), 404, "not_found")
    assert_error(owner("patch", one, {"role": "viewer"}), 404, "not_found")


def test_what_cannot_be_is_refused_in_words(world, as_):
    owner, me = as_("owner"), f"{MEMBERS}{world.people['owner'].pk}/"
    nobody = owner("post", MEMBERS, {"username": "nobody", "role": "viewer"})
    assert "no account 'nobody'" in assert_error(nobody, 404, "no_account")["fields"]["username"]
    twice = owner("post", MEMBERS, {"username": "viewer", "role": "owner"})
    assert_error(twice, 409, "member_exists")
    assert_error(owner("patch", me, {"role": "god"}), 422, "invalid")
    assert_error(owner("patch", me, {"role": "viewer"}), 409, "last_owner")
    assert_error(owner("delete", me), 409, "last_owner")
    assert Membership.objects.get(user=world.people["viewer"]).role == "viewer"


def test_everybody_may_leave_and_nobody_else_removes(world, as_):
    viewer = as_("viewer")
    assert_error(viewer("delete", f"{MEMBERS}{world.member.pk}/"), 403, "forbidden")
    assert viewer("delete", f"{MEMBERS}{world.people['viewer'].pk}/").status_code == 204
    assert_error(viewer("get", MEMBERS), 404, "not_found")
