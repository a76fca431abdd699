"""Members of a project: add, change, invite, pause, remove. The last owner cannot leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from annotator.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from annotator.models import Membership, Project
from annotator.services.history.layout import text_checked
from annotator.services.people.users import sign_in_link_create
from annotator.services.queues.checks import gold_settle
from annotator.services.queues.control import member_leases_return

if TYPE_CHECKING:
    from annotator.queries.access import Access

REASON_LIMIT = 1_000
NO_LONGER = "You do not judge in this project any more."
LAST_OWNER = "A project needs an owner. Make somebody else an owner first."


@dataclass(frozen=True, slots=True)
class Invitation:
    """A new member; ``token`` opens the one-time sign-in link and is stored nowhere in the clear."""

    membership: Membership
    token: str


@transaction.atomic
def member_set(*, project: Project, user: User, role: str) -> Membership:
    """Add ``user`` to ``project`` with ``role``, or change the role they have.

    Raises:
        InvalidError: no such role.
        ConflictError: the change would leave the project without an owner.
    """
    if role not in Membership.Role.values:
        reason = f"There is no role '{role}'; choose {', '.join(Membership.Role.values)}."
        raise InvalidError(reason, fields={"role": reason})
    _lock(project)
    current = Membership.objects.filter(project=project, user=user).first()
    if current is None:
        return Membership.objects.create(project=project, user=user, role=role)
    if role != Membership.Role.OWNER:
        _keep_an_owner(current)
    current.role = role
    current.save(update_fields=["role"])
    if role == Membership.Role.VIEWER:
        member_leases_return(project=project, user_id=user.pk, reason=NO_LONGER)
    return current


def member_add(*, project: Project, username: str, role: str) -> Membership:
    """Add an existing account by its username.

    Raises:
        NotFoundError: no account of that name.
        ConflictError: already a member.
    """
    user = User.objects.filter(username=username.strip(), is_active=True).first()
    if user is None:
        reason = (
            f"There is no account '{username.strip()}'. Check the spelling, or invite a new person."
        )
        raise NotFoundError(reason, code="no_account", fields={"username": reason})
    if Membership.objects.filter(project=project, user=user).exists():
        reason = f"'{user.get_username()}' is a member already; change the role in the list."
        raise ConflictError(reason, code="member_exists", fields={"username": reason})
    return member_set(project=project, user=user, role=role)


@transaction.atomic
def member_invite(*, project: Project, username: str, role: str) -> Invitation:
    """Create an account without a password, make it a member, and return its sign-in link's token.

    Raises:
        InvalidError: the username has characters that are not allowed.
        ConflictError: the account exists already.
    """
    name = User.normalize_username(username.strip())
    try:
        User._meta.get_field("username").run_validators(name)
    except ValidationError:
        reason = "A username has 1 to 150 letters, digits and @ . + - _ characters."
        raise InvalidError(reason, fields={"username": reason}) from None
    try:
        with transaction.atomic():
            user = User.objects.create_user(username=name)
    except IntegrityError:
        reason = f"There is an account '{name}' already: add it as a member instead."
        raise ConflictError(reason, code="account_exists", fields={"username": reason}) from None
    membership = member_set(project=project, user=user, role=role)
    return Invitation(membership, sign_in_link_create(user=user))


@transaction.atomic
def member_remove(*, access: Access, user_id: int) -> None:
    """End a membership: an owner may remove anybody, everybody may leave.

    Judgements stay; they belong to the rater. Items in their hands go back to their queues.

    Raises:
        ForbiddenError: somebody else's membership, and not an owner.
        NotFoundError: no such member.
        ConflictError: the last owner.
    """
    _lock(access.project)
    membership = Membership.objects.filter(project=access.project, user_id=user_id).first()
    if membership is None:
        raise NotFoundError("This person is not a member any more.")
    if not access.may_manage and membership.user_id != access.user_id:
        raise ForbiddenError("Only an owner may remove other members.")
    _keep_an_owner(membership)
    membership.delete()
    member_leases_return(project=access.project, user_id=user_id, reason=NO_LONGER)


@transaction.atomic
def member_pause(*, project: Project, user_id: int, reason: str) -> None:
    """Serve a member nothing more until ``member_resume``; what they hold goes back.

    Raises:
        InvalidError: no reason; the member reads it.
        NotFoundError: no such member.
    """
    said = text_checked(reason.strip(), "reason", limit=REASON_LIMIT)
    if not said:
        message = "Say why in a sentence; the member reads it."
        raise InvalidError(message, fields={"reason": message})
    if not Membership.objects.filter(project=project, user=user_id).update(paused=said):
        raise NotFoundError("This person is not a member any more.")
    member_leases_return(project=project, user_id=user_id, reason=said)


@transaction.atomic
def member_resume(*, project: Project, user_id: int) -> None:
    """Serve a member items again; gold they answered before no longer counts against them.

    Raises:
        NotFoundError: no such member.
    """
    if not Membership.objects.filter(project=project, user=user_id).update(paused=""):
        raise NotFoundError("This person is not a member any more.")
    gold_settle(project=project, user_id=user_id)


def _lock(project: Project) -> None:
    """Serialise changes of one project's members, so that two owners cannot both leave."""
    Project.objects.select_for_update().get(pk=project.pk)


def _keep_an_owner(leaving: Membership) -> None:
    if leaving.role != Membership.Role.OWNER:
        return
    owners = Membership.objects.filter(project_id=leaving.project_id, role=Membership.Role.OWNER)
    if not owners.exclude(pk=leaving.pk).exists():
        raise ConflictError(LAST_OWNER, code="last_owner")
