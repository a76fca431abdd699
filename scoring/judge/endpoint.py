"""One request to an OpenAI-compatible server, what it cost, and what went wrong in a sentence.

The official client repeats requests that failed on the server's side (408, 409, 429, 5xx, broken
connections), waiting longer each time and as long as the server asks for.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import openai

from scoring.errors import JudgeEndpointError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.judge.config import JudgeConfig
    from scoring.judge.prompt import Message

PER_MILLION = 1e6
CHARACTERS_PER_TOKEN = 2
"""Low on purpose: the estimate before a request must not be below what is charged for it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        text: of the first choice.
        tokens_in: as the server counts them.
        tokens_out: likewise, thoughts included.
        cut: the answer ended because it reached ``max_tokens``.
    """

    text: str
    tokens_in: int
    tokens_out: int
    cut: bool = False


@dataclass(slots=True)
class Spent:
    """What a run has used so far; answers from the cache cost nothing and are counted apart."""

    requests: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


class Endpoint:
    """A server and the account of one run; safe to use from several threads."""

    def __init__(self, config: JudgeConfig, key: str = "") -> None:
        self.spent = Spent()
        self._config = config
        self._lock = threading.Lock()
        self._reserved = 0.0
        self._client = openai.OpenAI(
            base_url=config.endpoint,
            # A local server asks for none, but the client insists on having one.
            api_key=key or "none",
            timeout=config.timeout_s,
            max_retries=config.retries,
        )

    def ask(self, messages: Sequence[Message], *, seed: int) -> Answer:
        """Return the answer to a conversation.

        Raises:
            JudgeEndpointError: the server cannot be reached, refuses, times out, sends no text, or
                the answer could cost more than what is left of the cap.
        """
        worst = self._worst(messages)
        self._reserve(worst)
        answer: Answer | None = None
        try:
            answer = self._request(messages, seed)
        finally:
            self._settle(worst, answer)
        return answer

    def spare(self) -> None:
        """Count an answer that was known already."""
        with self._lock:
            self.spent.cached += 1

    def _request(self, messages: Sequence[Message], seed: int) -> Answer:
        config = self._config
        try:
            reply = self._client.chat.completions.create(
                model=config.model,
                messages=list(messages),  # type: ignore[arg-type]
                temperature=config.temperature,
                max_tokens=config.max_tokens,
                seed=seed,
            )
            choice = reply.choices[0]
            usage = reply.usage
            return Answer(
                text=choice.message.content or "",
                tokens_in=usage.prompt_tokens if usage else 0,
                tokens_out=usage.completion_tokens if usage else 0,
                cut=choice.finish_reason == "length",
            )
        except openai.APITimeoutError:
            raise JudgeEndpointError(
                f"{config.endpoint} did not answer within {config.timeout_s:g} s, "
                f"{config.retries + 1} times; raise timeout_s or lower parallel"
            ) from None
        except openai.APIConnectionError as error:
            raise JudgeEndpointError(
                f"{config.endpoint} cannot be reached: {error.__cause__ or error}"
            ) from error
        except openai.APIStatusError as error:
            raise JudgeEndpointError(_refusal(config, error)) from error
        except (openai.APIError, LookupError, TypeError, AttributeError, ValueError) as error:
            raise JudgeEndpointError(
                f"{config.endpoint} does not answer like an OpenAI-compatible server: {error}"
            ) from error

    def _worst(self, messages: Sequence[Message]) -> float:
        """Return the most that a request can cost."""
        characters = sum(len(m["content"]) for m in messages)
        read = characters / CHARACTERS_PER_TOKEN * self._config.price_in
        return (read + self._config.max_tokens * self._config.price_out) / PER_MILLION

    def _reserve(self, worst: float) -> None:
        cap = self._config.cap
        with self._lock:
            if cap is not None and self.spent.cost + self._reserved + worst > cap:
                raise JudgeEndpointError(
                    f"the next request could cost {worst:.4g}, more than is left of the cap of "
                    f"{cap:g} ({self.spent.cost:.4g} spent); what was judged is kept: raise cap "
                    "and run again"
                )
            self._reserved += worst

    def _settle(self, worst: float, answer: Answer | None) -> None:
        with self._lock:
            self._reserved -= worst
            self.spent.requests += 1
            if answer is not None:
                self.spent.tokens_in += answer.tokens_in
                self.spent.tokens_out += answer.tokens_out
                read = answer.tokens_in * self._config.price_in
                written = answer.tokens_out * self._config.price_out
                self.spent.cost += (read + written) / PER_MILLION


def _refusal(config: JudgeConfig, error: openai.APIStatusError) -> str:
    said = " ".join(str(error.message).split())[:300]
    way_out = {
        401: f"put a key into {config.key_variable} of the worker's environment",
        403: f"the key in {config.key_variable} may not use {config.model}",
        404: f"check endpoint and model ('{config.model}')",
        413: "the trace is too long for this model",
        429: "it limits requests: lower parallel or wait",
    }.get(error.status_code, "see the server's log")
    return f"{config.endpoint} answered {error.status_code}: {said} ({way_out})"
