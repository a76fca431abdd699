from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from annotator.errors import ForbiddenError
from annotator.models import SignInLink
from annotator.services.people import users
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_a_link_signs_in_exactly_once(user):
    token = users.sign_in_link_create(user=user)
    assert users.sign_in_link_use(token=token) == user
    with pytest.raises(ForbiddenError, match="used already or is too old"):
        users.sign_in_link_use(token=token)


def test_an_old_link_does_not_sign_in(user):
    token = users.sign_in_link_create(user=user)
    SignInLink.objects.update(expires=Now() - timedelta(seconds=1))
    with pytest.raises(ForbiddenError):
        users.sign_in_link_use(token=token)


def test_a_link_of_somebody_locked_out_does_not_sign_in():
    token = users.sign_in_link_create(user=UserFactory.create(is_active=False))
    with pytest.raises(ForbiddenError):
        users.sign_in_link_use(token=token)


def test_the_token_itself_is_not_stored(user):
    token = users.sign_in_link_create(user=user)
    assert token not in SignInLink.objects.get().digest


def test_the_first_person_is_made_once_and_has_no_password(db):
    first = users.user_create_first()
    assert users.user_create_first() == first
    assert not first.has_usable_password()


def test_the_command_prints_a_link_that_works(user, capsys):
    call_command("sign_in_link", user.username)
    token = capsys.readouterr().out.strip().rstrip("/").rsplit("/", 1)[1]
    assert users.sign_in_link_use(token=token) == user


def test_the_command_names_the_known_people(user):
    with pytest.raises(CommandError, match=f"known: {user.username}"):
        call_command("sign_in_link", "nobody-like-this")
