"""Raters: who a judgement belongs to. A person's rater follows the user, not the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from annotator.errors import InvalidError
from annotator.models import Rater
from scoring.types import RATER_KINDS

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Project


def rater_get_or_create(
    *, project: Project, kind: str, name: str, version: str = "", user: User | None = None
) -> Rater:
    """Return the rater of ``project`` with this kind, name and version, made if missing.

    ``user`` is stored when the rater is made; a rater that exists is returned as it is.

    Raises:
        InvalidError: the kind is unknown.
    """
    if kind not in RATER_KINDS:
        reason = f"No rater kind called '{kind}'; known: {', '.join(RATER_KINDS)}."
        raise InvalidError(reason, fields={"kind": reason})
    rater, _ = Rater.objects.get_or_create(
        project=project, kind=kind, name=name, version=version, defaults={"user": user}
    )
    return rater


def rater_for_user(*, project: Project, user: User) -> Rater:
    """Return the person rater of ``user`` in ``project``, made at the first judgement.

    It is found by the user, so it survives a new username; where the name is taken (by the rater
    of somebody who left), the user's number tells the two apart.
    """
    found = Rater.objects.filter(project=project, user=user).first()
    if found is not None:
        return found
    name = user.get_username()
    for candidate in (name, f"{name} #{user.pk}"):
        try:
            with transaction.atomic():
                return Rater.objects.create(
                    project=project, kind=Rater.Kind.PERSON, name=candidate, user=user
                )
        except IntegrityError:
            # Another request of the same user was first, or the name is taken.
            found = Rater.objects.filter(project=project, user=user).first()
            if found is not None:
                return found
    reason = f"The rater names '{name}' and '{name} #{user.pk}' are taken in this project."
    raise InvalidError(reason, code="rater_name_taken")
