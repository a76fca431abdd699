"""A new queue: checked, stored, and handed to an io worker that fills it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from annotator.errors import ConflictError, InvalidError
from annotator.models import Gold, Job, Queue
from annotator.queries.models import scores_exist
from annotator.services.jobs import job_create
from annotator.services.queues.orders.registry import ORDERS

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from annotator.models import Project, RewardModel

NAME_LENGTH = 100
MOST_OVERLAP = 100
LEASE_SECONDS = (30, 86_400)
MOST_SEED = 2**63 - 1
MOST_ITEMS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class QueueWish:
    """What a person asks for. See ``annotator.models.Queue`` for the fields that are stored.

    Attributes:
        limit: the budget: how many items the queue has at most, first in its order; None = all.
        options: the order's own.
    """

    name: str
    task: str
    order: str = "file"
    overlap: int = 1
    lease_seconds: int = 900
    seed: int = 0
    model: RewardModel | None = None
    limit: int | None = None
    gold_share: float = 0.0
    reveal_share: float = 0.0
    is_exam: bool = False
    pass_mark: float | None = None
    exam: Queue | None = None
    options: dict[str, Any] = field(default_factory=dict)


def queue_create(*, project: Project, user: User | None, wish: QueueWish) -> tuple[Queue, Job]:
    """Store a queue and queue the job that fills it; it serves nothing until that is done.

    Raises:
        InvalidError: a value that cannot be; ``fields`` names each.
        ConflictError: a queue of that name exists.
    """
    wrong = _wrong(project, wish)
    if wrong:
        raise InvalidError(" ".join(wrong.values()), fields=wrong)
    options = {**wish.options, **({"limit": wish.limit} if wish.limit else {})}
    try:
        with transaction.atomic():
            queue = Queue.objects.create(
                project=project,
                name=wish.name.strip(),
                task=wish.task,
                order=wish.order,
                seed=wish.seed,
                overlap=wish.overlap,
                lease_seconds=wish.lease_seconds,
                model=wish.model,
                options=options,
                gold_share=wish.gold_share,
                reveal_share=wish.reveal_share,
                is_exam=wish.is_exam,
                pass_mark=wish.pass_mark,
                exam=wish.exam,
                created_by=user,
            )
            job = job_create(
                project=project,
                kind=Job.Kind.QUEUE,
                args={"queue": queue.pk, "name": queue.name},
                user=user,
            )
    except IntegrityError:
        reason = f"There is already a queue '{wish.name.strip()}'. Choose another name."
        raise ConflictError(reason, code="name_taken", fields={"name": reason}) from None
    queue.refresh_from_db()
    return queue, job


def _wrong(project: Project, wish: QueueWish) -> dict[str, str]:
    """Return a sentence for each field that cannot be."""
    return {
        **_wrong_numbers(wish),
        **_wrong_order(project, wish),
        **_wrong_reveal(project, wish),
        **_wrong_gold(project, wish),
    }


def _wrong_numbers(wish: QueueWish) -> dict[str, str]:
    name = wish.name.strip()
    low, high = LEASE_SECONDS
    shares = {"gold_share": wish.gold_share, "reveal_share": wish.reveal_share}
    checks = {
        "name": (
            0 < len(name) <= NAME_LENGTH and name.isprintable(),
            f"Give a name of 1 to {NAME_LENGTH} printable characters.",
        ),
        "overlap": (
            1 <= wish.overlap <= MOST_OVERLAP,
            f"An item goes to 1 to {MOST_OVERLAP} people, not {wish.overlap}.",
        ),
        "lease_seconds": (
            low <= wish.lease_seconds <= high,
            f"A lease lasts {low} to {high:,} seconds, not {wish.lease_seconds}.",
        ),
        "seed": (0 <= wish.seed <= MOST_SEED, f"A seed is 0 to {MOST_SEED}, not {wish.seed}."),
        "limit": (
            wish.limit is None or 1 <= wish.limit <= MOST_ITEMS,
            f"A queue has at least 1 item, not {wish.limit}.",
        ),
        **{
            key: (0 <= value <= 1, f"A share is a number from 0 to 1, not {value}.")
            for key, value in shares.items()
        },
    }
    return {key: said for key, (right, said) in checks.items() if not right}


def _wrong_order(project: Project, wish: QueueWish) -> dict[str, str]:
    wrong: dict[str, str] = {}
    row = ORDERS.get(wish.order)
    if wish.task not in Queue.Task.values:
        wrong["task"] = f"A task is one of {', '.join(Queue.Task.values)}, not '{wish.task}'."
    elif row is not None and wish.task not in row.tasks:
        wrong["order"] = f"'{row.label}' orders {row.orders} only; choose another order."
    if row is None:
        wrong["order"] = f"There is no order '{wish.order}'; known: {', '.join(ORDERS)}."
    elif row.needs_model and wish.model is None:
        wrong["model"] = f"'{row.label}' reads a model's scores: choose the model."
    if wish.model is not None and wish.model.project_id != project.pk:
        wrong["model"] = "This model belongs to another project."
    return wrong


def _wrong_reveal(project: Project, wish: QueueWish) -> dict[str, str]:
    """Refuse to show scores where there are none: both arms would be blind."""
    model = wish.model
    if wish.reveal_share <= 0 or scores_exist(project=project, model=model):
        return {}
    who = f"{model} has" if model is not None else "The models of this project have"
    return {
        "reveal_share": f"{who} scored no step, so there is nothing to show. Score the project on "
        "the page Models first, or set the share to 0."
    }


def _wrong_gold(project: Project, wish: QueueWish) -> dict[str, str]:
    wrong: dict[str, str] = {}
    wants_gold = wish.is_exam or wish.gold_share > 0
    if (
        wants_gold
        and not Gold.objects.filter(project=project, task=wish.task, active=True).exists()
    ):
        field_name = "is_exam" if wish.is_exam else "gold_share"
        wrong[field_name] = "This project has no gold answers for this task yet."
    if wish.pass_mark is not None and not 0 <= wish.pass_mark <= 1:
        wrong["pass_mark"] = f"A pass mark is a share from 0 to 1, not {wish.pass_mark}."
    elif wish.is_exam and wish.pass_mark is None:
        wrong["pass_mark"] = "An exam needs a pass mark."  # noqa: S105 - a sentence
    if wish.exam is not None and (
        wish.exam.project_id != project.pk or not wish.exam.is_exam or wish.is_exam
    ):
        wrong["exam"] = "Choose an exam of this project; an exam itself has none before it."
    elif wish.exam is not None and not wish.exam.n_items:
        wrong["exam"] = f"The exam '{wish.exam.name}' has no items yet; this queue leaves them out."
    return wrong
