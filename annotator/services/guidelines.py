"""Guidelines: every save is a new version, because labels pin the version they were made under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from annotator.errors import ConflictError, InvalidError
from annotator.models import GuidelineVersion, Project

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MARKDOWN_LENGTH = 200_000


@transaction.atomic
def guideline_set(
    *, project: Project, markdown: str, author: User | None, based_on: int | None = None
) -> GuidelineVersion:
    """Store ``markdown`` as the next version; an unchanged text keeps the current one.

    Args:
        project: whose guidelines.
        markdown: the whole text.
        author: who wrote it; None for commands.
        based_on: number of the version the author edited; None skips the check.

    Raises:
        ConflictError: somebody saved another version since ``based_on``.
        InvalidError: the text is too long or holds a NUL.
    """
    text = markdown.replace("\r\n", "\n")
    if len(text) > MARKDOWN_LENGTH or "\x00" in text:
        reason = f"Guidelines have at most {MARKDOWN_LENGTH:,} characters and no NUL character."
        raise InvalidError(reason, fields={"markdown": reason})
    Project.objects.select_for_update().get(pk=project.pk)
    current = project.guidelines.order_by("-number").first()
    number = current.number if current else 0
    if based_on is not None and based_on != number:
        raise ConflictError(
            f"Version {number} was saved while you edited version {based_on}. "
            "Copy your text, reload the page and put it into the newer version."
        )
    if current is not None and current.markdown == text:
        return current
    return GuidelineVersion.objects.create(
        project=project, number=number + 1, markdown=text, author=author
    )
