"""Projects: creation, adoption, settings and guidelines."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from annotator.errors import ConflictError, InvalidError
from annotator.models import GuidelineVersion, Membership, Project
from annotator.services.guidelines.taxonomy import taxonomy_default
from annotator.services.naming import has_invisible, name_clean, outcome_name_fault

NAME_LENGTH = 100
OUTCOME_NAME_LENGTH = 60
MOST_PAUSE_AFTER = 1_000

DEFAULT_GUIDELINES = """\
## How to rate a step

Read the problem, then the steps in order. Judge each step given the steps before it.

* **+1 right**: correct, and it brings the solution forward.
* **0 neutral**: not wrong, but it adds nothing, repeats or wanders.
* **−1 wrong**: an error, or a step that can no longer lead to a correct answer.
* **unsure**: you cannot decide; say why in a note.

A step that follows correctly from an earlier mistake still continues that mistake: rate it −1
unless it notices and repairs the mistake, and mark that it does.
"""


def name_check(*, name: str) -> str:
    """Return ``name`` trimmed and in NFC, ready for a URL segment.

    Raises:
        InvalidError: it is empty, too long, or has a character that a URL segment cannot carry.
    """
    clean = name_clean(name)
    if not clean:
        reason = "Give the project a name."
    elif len(clean) > NAME_LENGTH:
        reason = f"A project name has at most {NAME_LENGTH} characters; this one has {len(clean)}."
    elif any(c in "/\\" for c in clean) or clean in {".", ".."}:
        reason = "A project name is part of a web address: leave out / and \\."
    elif has_invisible(clean):
        reason = "A project name cannot hold control or invisible characters."
    else:
        return clean
    raise InvalidError(reason, fields={"name": reason})


@transaction.atomic
def project_create(*, name: str, owner: User | None = None, description: str = "") -> Project:
    """Create a project with the default error taxonomy and first guidelines.

    Without ``owner`` the project has no members until somebody adopts it.

    Raises:
        InvalidError: the name cannot be used.
        ConflictError: a project of that name exists (whoever owns it).
    """
    clean = name_check(name=name)
    try:
        with transaction.atomic():
            project = Project.objects.create(name=clean, description=description)
    except IntegrityError:
        reason = f"There is already a project called '{clean}'. Choose another name."
        raise ConflictError(reason, code="name_taken", fields={"name": reason}) from None
    taxonomy_default(project=project)
    GuidelineVersion.objects.create(project=project, number=1, markdown=DEFAULT_GUIDELINES)
    if owner is not None:
        Membership.objects.create(project=project, user=owner, role=Membership.Role.OWNER)
    return project


def project_get_or_create(*, name: str) -> Project:
    """Return the project called ``name`` (in any case), created without members if missing.

    Raises:
        InvalidError: no project can be called so.
    """
    clean = name_check(name=name)
    found = Project.objects.filter(name__iexact=clean).first()
    if found is not None:
        return found
    try:
        return project_create(name=clean)
    except ConflictError:
        # Another process made it between the look and the insert.
        return Project.objects.get(name__iexact=clean)


@transaction.atomic
def projects_adopt(*, user: User) -> int:
    """Make the first person here the owner of every project without members; return how many.

    Commands create projects without asking for whom. They belong to the person that the
    installation belongs to: whoever was invited later must not become an owner by looking first.
    """
    if User.objects.filter(pk__lt=user.pk, is_active=True).exists():
        return 0
    orphans = list(
        Project.objects.filter(memberships__isnull=True)
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("pk")
    )
    return sum(project_adopt(project=project, user=user) for project in orphans)


@transaction.atomic
def project_adopt(*, project: Project, user: User) -> bool:
    """Make ``user`` the owner of ``project`` if it has no members; say whether that happened."""
    Project.objects.select_for_update().get(pk=project.pk)
    if project.memberships.exists():
        return False
    Membership.objects.create(project=project, user=user, role=Membership.Role.OWNER)
    return True


@transaction.atomic
def project_update(
    *,
    project: Project,
    description: str,
    primary_outcome: str,
    show_scores: bool,
    pause_below: float | None,
    pause_after: int,
) -> Project:
    """Change a project's description, primary outcome, blindness to scores and rule on gold.

    Raises:
        InvalidError: the outcome's name is empty, too long or has characters nobody sees; a share
            or number that cannot be.
    """
    if pause_below is not None and not 0 <= pause_below <= 1:
        reason = f"An accuracy is a share from 0 to 1, not {pause_below}."
        raise InvalidError(reason, fields={"pause_below": reason})
    if not 1 <= pause_after <= MOST_PAUSE_AFTER:
        reason = f"The rule looks at 1 to {MOST_PAUSE_AFTER} gold answers, not {pause_after}."
        raise InvalidError(reason, fields={"pause_after": reason})
    outcome = name_clean(primary_outcome)
    if reason := outcome_name_fault(outcome, OUTCOME_NAME_LENGTH):
        raise InvalidError(reason, fields={"primary_outcome": reason})
    project.description = description
    project.primary_outcome = outcome
    project.show_scores = show_scores
    project.pause_below = pause_below
    project.pause_after = pause_after
    project.save(
        update_fields=[
            "description",
            "primary_outcome",
            "show_scores",
            "pause_below",
            "pause_after",
        ]
    )
    return project
