"""Projects: creation, adoption, settings and guidelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from annotator.errors import ConflictError, InvalidError
from annotator.models import ErrorType, GuidelineVersion, Membership, Project
from annotator.services.naming import has_invisible, name_clean, outcome_name_fault

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NAME_LENGTH = 100
OUTCOME_NAME_LENGTH = 60

# Key and label of the taxonomy every new project starts with; owners edit it afterwards.
DEFAULT_ERROR_TYPES = (
    ("arithmetic", "Arithmetic slip"),
    ("algebra", "Algebra or manipulation"),
    ("logic", "Does not follow"),
    ("misreading", "Misreads the problem"),
    ("unsupported_claim", "Unsupported claim"),
    ("tool_misuse", "Tool used wrongly"),
    ("format", "Format"),
    ("incomplete", "Incomplete"),
    ("redundant", "Redundant"),
    ("circular", "Circular"),
)

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
    ErrorType.objects.bulk_create(
        ErrorType(project=project, key=key, label=label, position=position)
        for position, (key, label) in enumerate(DEFAULT_ERROR_TYPES)
    )
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
    """Make ``user`` the owner of every project without members; return how many.

    Commands create projects before anybody has signed in; the first person to come owns them.
    """
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
    *, project: Project, description: str, primary_outcome: str, show_scores: bool
) -> Project:
    """Change a project's description, primary outcome and blindness to model scores.

    Raises:
        InvalidError: the outcome's name is empty, too long or has characters nobody sees.
    """
    outcome = name_clean(primary_outcome)
    if reason := outcome_name_fault(outcome, OUTCOME_NAME_LENGTH):
        raise InvalidError(reason, fields={"primary_outcome": reason})
    project.description = description
    project.primary_outcome = outcome
    project.show_scores = show_scores
    project.save(update_fields=["description", "primary_outcome", "show_scores"])
    return project
