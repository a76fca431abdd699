"""Members of a project, for the Members page and the API."""

from __future__ import annotations

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from annotator.errors import NotFoundError
from annotator.models import Membership, Project
from annotator.queries.access import ROLES


def members_of(*, project: Project) -> QuerySet[Membership]:
    """Return the memberships of ``project`` with users, owners first.

    ``n_labels`` is annotated: current step labels of that person in the project.
    """
    strength = Case(
        *(When(role=role, then=Value(rank)) for rank, role in enumerate(ROLES)),
        output_field=IntegerField(),
    )
    return (
        Membership.objects.filter(project=project)
        .select_related("user")
        .annotate(
            n_labels=Count("user__raters__labels", filter=Q(user__raters__project=project)),
            strength=strength,
        )
        .order_by("-strength", "user__username")
    )


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
