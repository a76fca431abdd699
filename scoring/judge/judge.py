"""A judge asks for verdicts on paths and turns votes into scores.

A step is judged once, on the first path (in the order of the traces) that it lies on; the steps
before it are context. Verdicts of later steps are asked for in the same request, so the judge reads
what comes after a step: its verdict may know how the story ends. A process reward model's score
does not. Whoever compares the two should say so.

    score(step) = mean over the votes that could be read of 1 (right), 0.5 (unsure), 0 (wrong)
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from scoring.errors import JudgeAnswerError
from scoring.judge.endpoint import Answer, Endpoint
from scoring.judge.parse import verdicts
from scoring.judge.prompt import messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.judge.config import JudgeConfig
    from scoring.judge.endpoint import Spent
    from scoring.judge.parse import Verdict
    from scoring.judge.prompt import Message


class Cache(Protocol):
    """Where answers are kept by the hash of what was asked; a vote is never paid for twice."""

    def get(self, key: str) -> dict[str, object] | None:
        """Return what ``put`` kept under ``key``."""

    def put(self, key: str, answer: dict[str, object]) -> None:
        """Keep an answer."""


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
    """

    def __init__(self, config: JudgeConfig, cache: Cache | None = None, *, key: str = "") -> None:
        self.config = config
        self._cache = cache
        self._endpoint = Endpoint(config, key)

    @property
    def spent(self) -> Spent:
        """What was used so far."""
        return self._endpoint.spent

    def trace(
        self, *, problem: str, steps: Sequence[str], first: int = 1, reference: str = ""
    ) -> TraceVerdicts:
        """Judge the steps ``first`` … ``len(steps)`` of a path.

        A vote that cannot be read after ``repairs`` further tries is left out and told in
        ``unread``.

        Args:
            problem: the prompt.
            steps: texts of the whole path.
            first: number of the first step to judge, counted from 1.
            reference: the reference answer, "" = none.

        Raises:
            JudgeEndpointError: from the server, or the cap.
        """
        asked = messages(
            self.config, problem=problem, reference=reference, steps=steps, first=first
        )
        with ThreadPoolExecutor(min(self.config.parallel, self.config.votes)) as pool:
            read = list(
                pool.map(
                    lambda vote: self._vote(asked, vote, first, len(steps)),
                    range(self.config.votes),
                )
            )
        votes = [vote for vote in read if not isinstance(vote, str)]
        numbers = range(first, len(steps) + 1) if votes else ()
        return TraceVerdicts(
            first=first,
            steps=tuple(_joined([vote[n] for vote in votes]) for n in numbers),
            unread=tuple(vote for vote in read if isinstance(vote, str)),
        )

    def _vote(
        self, asked: Sequence[Message], vote: int, first: int, last: int
    ) -> dict[int, Verdict] | str:
        """Return one vote, or why it could not be read."""
        reason = ""
        for attempt in range(self.config.repairs + 1):
            answer = self._answer(asked, seed=vote + self.config.votes * attempt)
            try:
                return verdicts(answer.text, first, last)
            except JudgeAnswerError as error:
                reason = f"{error}; it was cut at max_tokens" if answer.cut else str(error)
        return reason

    def _answer(self, asked: Sequence[Message], *, seed: int) -> Answer:
        key = self._key(asked, seed)
        kept = self._cache.get(key) if self._cache is not None else None
        if kept is not None:
            self._endpoint.spare()
            return Answer(**kept)  # type: ignore[arg-type]
        answer = self._endpoint.ask(asked, seed=seed)
        if self._cache is not None:
            self._cache.put(key, asdict(answer))
        return answer

    def _key(self, asked: Sequence[Message], seed: int) -> str:
        """Hash everything that an answer depends on."""
        config = self.config
        parts = [config.endpoint, config.model, config.temperature, config.max_tokens, seed, *asked]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _joined(votes: Sequence[Verdict]) -> StepVerdict:
    values = tuple(vote.value for vote in votes)
    return StepVerdict(sum(values) / len(values), values, tuple(vote.reason for vote in votes))
