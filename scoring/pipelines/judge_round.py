"""What a judge is being asked about: questions by problem, and what became of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from annotator.models import Problem
from annotator.queries.trees.columns import tree_of
from annotator.services.models.judges import Verdict
from scoring.errors import JudgeEndpointError
from scoring.judge.trees import LEFT_OUT, questions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from annotator.models import RewardModel
    from scoring.judge import JudgeConfig, Question, TraceVerdicts

GIVE_UP_AFTER = 10
"""Questions in a row that the server did not answer: it will not answer the next one either."""


@dataclass(slots=True)
class _Asked:
    """A problem with questions on their way.

    Attributes:
        steps: of each question, by identity: the steps that want a verdict, None = it has one.
        complete: all its questions have been asked.
        left_out: reason → steps without a verdict.
    """

    steps: dict[int, list[int | None]] = field(default_factory=dict)
    complete: bool = False
    left_out: Counter[str] = field(default_factory=Counter)


class Round:
    """Problems in the order of their ids, several at once.

    Attributes:
        reached: every problem up to this id is done with.
    """

    def __init__(self, config: JudgeConfig, *, left_out: Mapping[str, int]) -> None:
        self.reached = 0
        self._config = config
        self._before = Counter(left_out)
        self._problems: dict[int, _Asked] = {}
        self._verdicts: list[Verdict] = []
        self._unanswered = 0

    def questions(self, pk: int, model: RewardModel) -> Iterator[Question]:
        """Yield what has to be asked about a problem's steps that ``model`` has not scored."""
        asked = self._problems[pk] = _Asked()
        problem = Problem.objects.select_related("project").get(pk=pk)
        tree = tree_of(problem=problem, model=model)
        wanted = np.isnan(tree.score)
        for question in questions_of(
            self._config, problem.prompt, tree, reference=problem.reference, wanted=wanted
        ):
            steps = [int(tree.ids[at]) if wanted[at] else None for at in question.places]
            asked.steps[id(question)] = steps
            yield question
        asked.complete = True
        self._close()

    def take(self, question: Question, found: TraceVerdicts | JudgeEndpointError) -> None:
        """Note what became of a question.

        Raises:
            JudgeEndpointError: the server has not answered for too long.
        """
        asked = next(one for one in self._problems.values() if id(question) in one.steps)
        steps = asked.steps.pop(id(question))
        if isinstance(found, JudgeEndpointError):
            self._unanswered += 1
            asked.left_out[found.reason] += _count(steps)
        else:
            self._unanswered = 0
            if not found.steps:
                asked.left_out[LEFT_OUT] += _count(steps)
            self._verdicts += [
                Verdict(step, said.score, said.votes, said.reasons)
                for step, said in zip(steps, found.steps, strict=False)
                if step is not None
            ]
        self._close()
        if isinstance(found, JudgeEndpointError) and self._unanswered >= GIVE_UP_AFTER:
            raise JudgeEndpointError(
                f"The last {GIVE_UP_AFTER} questions were not answered. The last reason: {found}",
                reason=found.reason,
            )

    @property
    def waiting(self) -> int:
        """Verdicts that ``verdicts`` has not given out yet."""
        return len(self._verdicts)

    @property
    def left_out(self) -> Counter[str]:
        """Reason → steps without a verdict, so far."""
        return sum((one.left_out for one in self._problems.values()), self._before)

    @property
    def left_out_for_good(self) -> Counter[str]:
        """Likewise, of the problems up to ``reached``."""
        return self._before

    def verdicts(self) -> list[Verdict]:
        """Return what came in since the last time."""
        found, self._verdicts = self._verdicts, []
        return found

    def _close(self) -> None:
        """Let go of problems that are done, as long as all before them are."""
        for pk, asked in list(self._problems.items()):
            if asked.steps or not asked.complete:
                return
            self.reached = pk
            self._before += asked.left_out
            del self._problems[pk]


def _count(steps: list[int | None]) -> int:
    return sum(step is not None for step in steps)
