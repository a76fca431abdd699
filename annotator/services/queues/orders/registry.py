"""What menus, docs, the API and tests need to know about the orders; ``load`` is the only import."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from annotator.models import Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from annotator.services.queues.orders.base import Ordered, Pool

RATING = (Queue.Task.FIRST_ERROR.value, Queue.Task.ALL_STEPS.value)
EVERY = tuple(Queue.Task.values)
RANKING = tuple(task for task in EVERY if task not in RATING)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order.

    Attributes:
        key: stored in the database, never renamed.
        label: what a person reads in the menu.
        target: module with ``order(pool)``.
        help: one sentence on what comes first.
        needs: what must be there, in words.
        tasks: which tasks it orders.
        needs_model: a model must be chosen.
    """

    key: str
    label: str
    target: str
    help: str
    needs: str = ""
    tasks: tuple[str, ...] = EVERY
    needs_model: bool = False

    @property
    def orders(self) -> str:
        """What it orders, in words."""
        return {RATING: "ratings", RANKING: "rankings"}.get(self.tasks, "every task")

    def load(self) -> Callable[[Pool], Ordered]:
        """Return the function behind the row."""
        module = importlib.import_module(self.target)
        return cast("Callable[[Pool], Ordered]", module.order)


_O = "annotator.services.queues.orders"
ORDERS: dict[str, OrderRow] = {
    row.key: row
    for row in (
        OrderRow(
            "file",
            "File order",
            f"{_O}.file",
            "In the order of the import; shuffled where gold is hidden among the others.",
        ),
        OrderRow("random", "Random", f"{_O}.random", "Shuffled by the seed."),
        OrderRow(
            "uncertainty",
            "Model uncertainty",
            f"{_O}.uncertainty",
            "Traces first in which the model's step scores are close to even.",
            "Needs a model's step scores.",
            RATING,
            needs_model=True,
        ),
        OrderRow(
            "ensemble_disagreement",
            "Disagreement of models",
            f"{_O}.ensemble",
            "Traces first on whose steps the models' scores differ most.",
            "Needs step scores of two models, or of an ensemble.",
            RATING,
        ),
        OrderRow(
            "human_disagreement",
            "Disagreement of people",
            f"{_O}.human",
            "Traces first on whose steps people's ratings differ most.",
            "Needs steps rated by two people.",
            RATING,
        ),
        OrderRow(
            "convincing_wrong",
            "Convincing wrong",
            f"{_O}.convincing",
            "Only traces with a wrong answer; those first that the model likes best.",
            "Needs a model's step scores and known outcomes.",
            RATING,
            needs_model=True,
        ),
        OrderRow(
            "first_error_localisation",
            "First error hard to place",
            f"{_O}.localisation",
            "Traces first in which the model expects an error and cannot say where.",
            "Needs a model's step scores.",
            RATING,
            needs_model=True,
        ),
        OrderRow(
            "reannotation",
            "Reannotation",
            f"{_O}.reannotation",
            "Traces first whose labels by people are furthest from the model's; set a budget.",
            "Needs people's labels and a model's step scores.",
            RATING,
            needs_model=True,
        ),
        OrderRow(
            "human_or_model",
            "Human or model",
            f"{_O}.routing",
            "Unlabelled traces first for which the model is predicted to disagree with people; "
            "set a budget, and let the model judge the rest.",
            "Needs a model's step scores and at least 30 traces labelled by people.",
            RATING,
            needs_model=True,
        ),
        OrderRow(
            "relabel",
            "Older guidelines",
            f"{_O}.relabel",
            "The fewest traces that hold all labels made under older guidelines.",
            "Needs labels by people and a newer version of the guidelines. "
            "The Guidelines page chooses among the labels.",
            RATING,
        ),
        OrderRow(
            "sibling_gap",
            "Model undecided",
            f"{_O}.sibling_gap",
            "Places first at which the model's two best scores are closest.",
            "Needs a model's step scores.",
            RANKING,
            needs_model=True,
        ),
        OrderRow(
            "most_branches",
            "Most branches",
            f"{_O}.most_branches",
            "Places first with the most steps, branches or traces to rank.",
            tasks=RANKING,
        ),
        OrderRow(
            "fewest_rankings",
            "Fewest rankings",
            f"{_O}.fewest_rankings",
            "Places first that the fewest people have ranked.",
            tasks=RANKING,
        ),
    )
}
