"""A judge asks for verdicts on paths and turns votes into scores.

A step is judged once, on the first path (in pre-order of the leaves) that it lies on; the steps
before it are context. Verdicts of later steps are asked for in the same request, so unless
``steps_at_once`` is 1 the judge reads what comes after a step: its verdict may know how the story
ends. A process reward model's score does not. Whoever compares the two should say so.

    score(step) = mean over the votes that could be read of 1 (right), 0.5 (unsure), 0 (wrong)
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from scoring.errors import JudgeAnswerError, JudgeEndpointError
from scoring.judge.endpoint import Answer, Endpoint
from scoring.judge.parse import verdicts
from scoring.judge.prompt import messages
from scoring.judge.stream import streamed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from scoring.judge.config import JudgeConfig
    from scoring.judge.endpoint import Spent
    from scoring.judge.parse import Verdict
    from scoring.judge.prompt import Message


class Cache(Protocol):
    """Where answers are kept by the hash of what was asked; a vote is never paid for twice.

    Both are called from a thread of the judge's own and must return at once.
    """

    def get(self, key: str) -> dict[str, object] | None:
        """Return what ``put`` kept under ``key``."""

    def put(self, key: str, answer: dict[str, object]) -> None:
        """Keep an answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """The steps ``first`` … ``len(steps)`` of a path, to be judged.

    Attributes:
        problem: the prompt.
        steps: texts of the whole path.
        first: number of the first step to judge, counted from 1.
        reference: the reference answer, "" = none.
        places: where the steps to judge stand in their tree, for whoever asked.
    """

    problem: str
    steps: tuple[str, ...]
    first: int = 1
    reference: str = ""
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """The votes on one step.

    Attributes:
        score: mean vote in [0, 1].
        votes: the single votes, in the order in which they were asked for.
        reasons: their reasons.
    """

    score: float
    votes: tuple[float, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraceVerdicts:
    """What a judge says of the steps ``first`` … of a path.

    Attributes:
        first: number of the first judged step, counted from 1.
        steps: one per judged step; empty if no vote could be read.
        unread: why votes could not be read, one sentence each.
    """

    first: int
    steps: tuple[StepVerdict, ...]
    unread: tuple[str, ...]


class Judge:
    """A configured judge; one run's account is in ``spent``.

    Args:
        config: its settings.
        cache: answers of earlier runs, None = none are kept.
        key: for the server, "" where it asks for none. It is neither stored nor part of any hash.
        spent: what the run has used before, if it goes on; it counts towards the cap.
    """

    def __init__(
        self,
        config: JudgeConfig,
        cache: Cache | None = None,
        *,
        key: str = "",
        spent: Spent | None = None,
    ) -> None:
        self.config = config
        self._cache = cache
        self._endpoint = Endpoint(config, key, spent)
        self._slots = asyncio.Semaphore(config.parallel)

    @property
    def spent(self) -> Spent:
        """What was used so far."""
        return self._endpoint.spent

    def trace(
        self, *, problem: str, steps: Sequence[str], first: int = 1, reference: str = ""
    ) -> TraceVerdicts:
        """Judge the steps ``first`` … ``len(steps)`` of a path; see ``Question``.

        A vote that cannot be read after ``repairs`` further tries is left out and told in
        ``unread``.

        Raises:
            JudgeEndpointError: from the server, or the cap.
        """
        question = Question(problem, tuple(steps), first, reference)
        [found] = [event[1] for event in self.stream([question]) if event is not None]
        if isinstance(found, JudgeEndpointError):
            raise found
        return found

    def stream(
        self, questions: Iterable[Question]
    ) -> Generator[tuple[Question, TraceVerdicts | JudgeEndpointError] | None]:
        """Judge many paths, at most ``parallel`` requests on their way at once.

        Yields each question with its verdicts, or with what the server said instead, in the order
        in which they come in; and None now and then while nothing does, so that a caller can look
        after other things. Questions are taken in this thread, when there is room for them. Who
        stops listening (``close``) breaks off the requests on their way.

        Raises:
            JudgeEndpointError: no further question would fare better; what was on its way then
                has been yielded before.
        """
        self._slots = asyncio.Semaphore(self.config.parallel)  # it belongs to one loop
        return streamed(questions, self._judged, self._endpoint.close, at_once=self.config.parallel)

    def keys(self, question: Question) -> list[str]:
        """Return the keys under which a cache may hold answers to ``question``."""
        asked = self._messages(question)
        most = self.config.votes * (self.config.repairs + 1)
        return [self._key(asked, seed) for seed in range(most)]

    async def _judged(self, question: Question) -> TraceVerdicts:
        asked, last = self._messages(question), len(question.steps)
        # All votes come to their end, also where one fails: what was paid for is kept.
        read = await asyncio.gather(
            *(self._vote(asked, n, question.first, last) for n in range(self.config.votes)),
            return_exceptions=True,
        )
        votes: list[dict[int, Verdict]] = []
        unread: list[str] = []
        for vote in read:
            if isinstance(vote, BaseException):
                raise vote
            if isinstance(vote, str):
                unread.append(vote)
            else:
                votes.append(vote)
        numbers = range(question.first, last + 1) if votes else ()
        return TraceVerdicts(
            first=question.first,
            steps=tuple(_joined([vote[n] for vote in votes]) for n in numbers),
            unread=tuple(unread),
        )

    async def _vote(
        self, asked: Sequence[Message], vote: int, first: int, last: int
    ) -> dict[int, Verdict] | str:
        """Return one vote, or why it could not be read."""
        said = ""
        for attempt in range(self.config.repairs + 1):
            answer = await self._answer(asked, seed=vote + self.config.votes * attempt)
            try:
                return verdicts(answer.text, first, last)
            except JudgeAnswerError as error:
                said = f"{error}; it was cut at max_tokens" if answer.cut else str(error)
                reason = "the answer was cut at max_tokens" if answer.cut else error.reason
                self.spent.failures[reason] += 1
        return said

    async def _answer(self, asked: Sequence[Message], *, seed: int) -> Answer:
        key = self._key(asked, seed)
        kept = self._cache.get(key) if self._cache is not None else None
        if kept is not None:
            self.spent.cached += 1
            return Answer(**kept)  # type: ignore[arg-type]
        async with self._slots:
            answer = await self._endpoint.ask(asked, seed=seed)
        if self._cache is not None:
            self._cache.put(key, asdict(answer))
        return answer

    def _messages(self, question: Question) -> list[Message]:
        return messages(
            self.config,
            problem=question.problem,
            reference=question.reference,
            steps=question.steps,
            first=question.first,
        )

    def _key(self, asked: Sequence[Message], seed: int) -> str:
        """Hash everything that an answer depends on."""
        config = self.config
        parts = [config.endpoint, config.model, config.temperature, config.max_tokens, seed, *asked]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _joined(votes: Sequence[Verdict]) -> StepVerdict:
    values = tuple(vote.value for vote in votes)
    return StepVerdict(sum(values) / len(values), values, tuple(vote.reason for vote in votes))
