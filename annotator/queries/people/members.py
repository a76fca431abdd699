"""Members of a project, for the Members page and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from annotator.errors import NotFoundError
from annotator.models import Membership, Project
from annotator.queries.access import ROLES

if TYPE_CHECKING:
    from annotator.queries.access import Access


def members_of(*, project: Project) -> QuerySet[Membership]:
    """Return the memberships of ``project`` with users, owners first."""
    strength = Case(
        *(When(role=role, then=Value(rank)) for rank, role in enumerate(ROLES)),
        output_field=IntegerField(),
    )
    return (
        Membership.objects.filter(project=project)
        .select_related("user")
        .annotate(strength=strength)
        .order_by("-strength", "user__username")
    )


def members_counted(*, access: Access) -> QuerySet[Membership]:
    """Return the members as ``access`` sees them, owners first.

    ``n_labels`` is annotated: current step labels of that person in the project; None for others
    where the reader does not review.
    """
    labels = Count("user__raters__labels", filter=Q(user__raters__project=access.project))
    own = Case(When(user=access.user_id, then=labels), default=None, output_field=IntegerField())
    return members_of(project=access.project).annotate(
        n_labels=labels if access.may_review else own
    )


def judges_of(*, project: Project) -> QuerySet[Membership]:
    """Return the memberships of those who judge, with users, by name."""
    rows = Membership.objects.filter(project=project).exclude(role=Membership.Role.VIEWER)
    return rows.select_related("user").order_by("user__username")


def member_of(*, project: Project, user_id: int) -> Membership:
    """Return the membership of a person, with the user loaded.

    Raises:
        NotFoundError: this person is not a member.
    """
    found = (
        Membership.objects.filter(project=project, user_id=user_id).select_related("user").first()
    )
    if found is None:
        raise NotFoundError("This person is not a member of the project.")
    return found
