"""A path as one member looks at it: what the address of the page names, and what is chosen where it names nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.errors import NotFoundError
from annotator.queries.attribution.running import running_reward_of
from annotator.queries.attribution.stored import attributions_at, found_of, measured_of
from annotator.queries.attribution.told import path_opened
from annotator.queries.attribution.usable import (
    RUNNING,
    cards_of,
    checked_row,
    default_method,
    models_for_attribution,
)
from annotator.queries.trees.compared import first_traces
from annotator.queries.trees.paths import step_in
from annotator.views.attribution.asked import Asked
from annotator.views.attribution.measured import ShownSignal, shown_signal
from annotator.views.attribution.menu import stored_with
from annotator.views.attribution.shown import (
    Shown,
    shown_running,
    shown_stored,
)
from annotator.views.workbench.data import gate
from scoring.attribution.choices import CHOICES, PREFIX, choice

if TYPE_CHECKING:
    from annotator.models import Attribution, FaithfulnessCard, Problem, RewardModel, Step
    from annotator.queries.access import Access
    from annotator.queries.attribution.path import ReadPath
    from annotator.queries.attribution.running import RunningReward
    from annotator.views.http import HtmxRequest
    from scoring.attribution.choices import Choice

CHARACTERS_PER_TOKEN = 3


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """A path as one member looks at it.

    Attributes:
        models: those that can be chosen, newest first.
        stored: what jobs found of the path by the chosen model; without arrays.
        row: the method or signal, None where none is asked for and every one that is there failed its checks.
        running: what scoring left of it, None where a step was not scored.
        shown: what is drawn, None if there is nothing yet.
        chosen: the stored row of it, None for the running reward.
        cards: how methods did when they were tried on the model, by method.
    """

    access: Access
    problem: Problem
    asked: Asked
    path: ReadPath
    row: Choice | None
    models: list[RewardModel]
    model: RewardModel | None
    stored: list[Attribution]
    running: RunningReward | None
    shown: Shown | ShownSignal | None
    chosen: Attribution | None
    cards: dict[str, FaithfulnessCard]

    @property
    def failed(self) -> list[str]:
        """Labels of the methods that are there and failed a check, in the order of the menu."""
        there = {one.method for one in self.stored} | ({RUNNING} if self.running else set())
        return [
            row.label
            for key, row in CHOICES.items()
            if key in there and key in self.cards and not self.cards[key].passed
        ]

    @property
    def tokens(self) -> int:
        """How many tokens the path has: exactly if it was scored, else about."""
        if self.running is not None:
            return len(self.running.credit) + len(self.problem.prompt) // CHARACTERS_PER_TOKEN
        texts = sum(map(len, self.path.texts)) + len(self.problem.prompt)
        return max(1, texts // CHARACTERS_PER_TOKEN)


def opened(request: HtmxRequest, project: str, pk: int) -> Opened:
    """Read what a URL names; what it leaves out is chosen.

    Raises:
        NotFoundError: no such problem, step, model or method.
        ForbiddenError: the scores of the path are not open to the person yet.
    """
    access, problem = gate(request, project, pk)
    asked = Asked.from_query(request.GET)
    if asked.method:
        choice(asked.method)
    path = path_opened(access=access, problem=problem, end=_end(problem, asked))
    models = models_for_attribution(project=access.project)
    model = next((one for one in models if one.pk == asked.model), None)
    if asked.model and model is None:
        raise NotFoundError(f"The model {asked.model} was deleted, or is of another project.")
    running = None
    if model is None:
        for model in models:
            if (running := running_reward_of(steps=path.steps, model=model)) is not None:
                break
        else:
            model = next((one for one in models if one.artefact), next(iter(models), None))
    else:
        running = running_reward_of(steps=path.steps, model=model)
    stored = attributions_at(end=path.end, model=model) if model is not None else []
    cards = cards_of(model=model) if model is not None else {}
    key = asked.method or default_method(stored=stored, cards=cards, free=running is not None)
    row = CHOICES.get(key)
    chosen = stored_with(stored, row, asked) if row is not None else None
    if not asked.method:  # what opens because it passed opens with the settings that did
        of_method = [one for one in stored if one.method == key]
        chosen = next((one for one in of_method if checked_row(one, cards)), chosen)
    shown: Shown | ShownSignal | None = None
    if chosen is not None and key.startswith(PREFIX):
        shown = shown_signal(chosen, measured_of(stored=chosen), path)
    elif chosen is not None:
        shown = shown_stored(chosen, found_of(stored=chosen), path)
    elif key == RUNNING and running is not None and not asked.params:
        shown = shown_running(running, model=str(model))
    return Opened(
        access, problem, asked, path, row, models, model, stored, running, shown, chosen, cards
    )


def _end(problem: Problem, asked: Asked) -> Step:
    """Return where the path of the URL ends; without one the first trace's end."""
    end = step_in(problem=problem, pk=asked.end)
    if asked.end and end is None:
        raise NotFoundError(f"The step {asked.end} is not of this problem.")
    if end is None:
        traces = first_traces(problem=problem)
        if not traces:
            raise NotFoundError("This problem has no trace yet, so there is no path to read.")
        end = traces[0].end
    end.problem = problem
    return end
