"""Guidelines: every save is a new version, because labels pin the version they were made under."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from annotator.errors import ConflictError, InvalidError
from annotator.models import ErrorType, Gold, GuidelineVersion, Project, Queue, Step
from annotator.services.history.layout import text_checked
from annotator.services.queues import QueueWish, queue_create
from scoring.types import RATINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import User

    from annotator.models import Job
    from annotator.queries.guidelines.versions import Selection

MARKDOWN_LENGTH = 50_000
CHANGE_LENGTH = 2_000
WHY_LENGTH = 1_000
MOST_EXAMPLES = 60


@transaction.atomic
def guideline_set(
    *,
    project: Project,
    markdown: str,
    author: User | None,
    based_on: int | None = None,
    change: str = "",
    examples: Sequence[dict[str, Any]] | None = None,
) -> GuidelineVersion:
    """Store ``markdown`` and ``examples`` as the next version; what is unchanged keeps the current.

    Args:
        project: whose guidelines.
        markdown: the whole text.
        author: who wrote it; None for commands.
        based_on: number of the version the author edited; None skips the check.
        change: what is new and why; needed from the second version on.
        examples: ``{"step", "rating", "why"}`` each; None keeps those of the current version.

    Raises:
        ConflictError: somebody saved another version since ``based_on``.
        InvalidError: a text is too long or missing, or an example cannot be one.
    """
    text = markdown.replace("\r\n", "\n")
    if len(text) > MARKDOWN_LENGTH:
        _refuse(
            f"Guidelines have at most {MARKDOWN_LENGTH:,} characters, this text has {len(text):,}. "
            "Link to what is longer.",
            "markdown",
        )
    if "\x00" in text:
        _refuse("This text has a NUL character, which cannot be stored.", "markdown")
    Project.objects.select_for_update().get(pk=project.pk)
    current = project.guidelines.order_by("-number").first()
    number = current.number if current else 0
    if based_on is not None and based_on != number:
        raise ConflictError(
            f"Version {number} was saved while you edited version {based_on}. "
            "Copy your text, reload the page and put it into the newer version."
        )
    known = current.examples if current else []
    rows = known if examples is None else _examples_checked(project, examples)
    if current is not None and (current.markdown, known) == (text, rows):
        return current
    said = text_checked(change.strip(), "change", limit=CHANGE_LENGTH)
    if current is not None and not said:
        reason = "Say what is new and why; everybody who judges reads it."
        raise InvalidError(reason, fields={"change": reason})
    return GuidelineVersion.objects.create(
        project=project,
        number=number + 1,
        markdown=text,
        author=author,
        change=said,
        examples=rows,
    )


def relabel_request(
    *, project: Project, user: User, name: str, selection: Selection, overlap: int = 1
) -> tuple[Queue, Job]:
    """Make a queue of the traces whose labels are to be judged again under the newest guidelines.

    Raises:
        InvalidError: a version, rating or type of error that does not exist; a bad name or overlap.
        ConflictError: a queue of that name exists.
    """
    numbers = set(project.guidelines.values_list("number", flat=True))
    types = set(ErrorType.objects.filter(project=project).values_list("key", flat=True))
    wrong = {
        "versions": [f"{n}" for n in selection.versions if n not in numbers],
        "ratings": [f"{rating}" for rating in selection.ratings if rating not in RATINGS],
        "error_types": [key for key in selection.error_types if key not in types],
    }
    for field, unknown in wrong.items():
        if unknown:
            reason = f"There is no {field.replace('_', ' ')[:-1]} {unknown[0]}."
            raise InvalidError(reason, fields={field: reason})
    wish = QueueWish(
        name=name,
        task=Queue.Task.ALL_STEPS,
        order="relabel",
        overlap=overlap,
        options=selection.options(),
    )
    return queue_create(project=project, user=user, wish=wish)


def _examples_checked(project: Project, examples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the examples as they are stored.

    Raises:
        InvalidError: naming the example.
    """
    if len(examples) > MOST_EXAMPLES:
        _refuse(f"Guidelines have at most {MOST_EXAMPLES} examples.")
    rows = [
        {
            "step": example["step"],
            "rating": example["rating"],
            "why": text_checked(f"{example['why']}".strip(), "reason", limit=WHY_LENGTH),
        }
        for example in examples
    ]
    steps = Step.objects.filter(problem__project=project).in_bulk([row["step"] for row in rows])
    seen: set[int] = set()
    for at, row in enumerate(rows, start=1):
        step = steps.get(row["step"])
        if step is None:
            _refuse(f"Example {at}: there is no step {row['step']} in this project.")
        elif row["step"] in seen:
            _refuse(f"Example {at}: step {row['step']} is an example already.")
        elif row["rating"] not in RATINGS or isinstance(row["rating"], bool):
            _refuse(f"Example {at}: a rating is −1, 0 or +1.")
        elif not row["why"]:
            _refuse(f"Example {at}: say why this rating is right.")
        elif _is_gold(step):
            _refuse(
                f"Example {at}: step {step.pk} belongs to a gold answer, which an example would "
                "give away. Choose another step, or retire the gold answer first."
            )
        seen.add(row["step"])
    return rows


def _is_gold(step: Step) -> bool:
    """Say whether a gold answer in use is about the step."""
    about = Q(trace__end__preorder__gte=step.preorder, trace__end__preorder__lt=step.subtree_end)
    about |= Q(trace=None)
    return Gold.objects.filter(about, problem=step.problem_id, active=True).exists()


def _refuse(reason: str, field: str = "examples") -> None:
    raise InvalidError(reason, fields={field: reason})
