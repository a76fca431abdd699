"""Members of a project, for the Members page and the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from annotator.models import Membership, Project

if TYPE_CHECKING:
    from django.contrib.auth.models import User

STRENGTH = {"owner": 0, "reviewer": 1, "annotator": 2, "viewer": 3}


def members_of(*, project: Project) -> QuerySet[Membership]:
    """Return the memberships of ``project`` with users, owners first.

    ``n_labels`` is annotated: current step labels of that person in the project.
    """
    strength = Case(
        *(When(role=role, then=Value(rank)) for role, rank in STRENGTH.items()),
        output_field=IntegerField(),
    )
    return (
        Membership.objects.filter(project=project)
        .select_related("user")
        .annotate(
            n_labels=Count("user__raters__labels", filter=Q(user__raters__project=project)),
            strength=strength,
        )
        .order_by("strength", "user__username")
    )


def membership_of(*, project: Project, user: User) -> Membership | None:
    """Return the membership of ``user``, None if there is none."""
    return Membership.objects.filter(project=project, user=user).first()
