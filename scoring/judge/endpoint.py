"""One request to an OpenAI-compatible server, what it cost, and what went wrong in a sentence.

The official client repeats requests that failed on the server's side (408, 409, 429, 5xx, broken
connections), waiting longer each time and as long as the server asks for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import openai

from scoring.errors import JudgeCapError, JudgeEndpointError
from scoring.judge.parse import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.judge.config import JudgeConfig
    from scoring.judge.prompt import Message

PER_MILLION = 1e6
CHARACTERS_PER_TOKEN = 2
"""Low on purpose: the estimate before a request must not be below what is charged for it."""
NO_KEY = "none"
HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
)
LONGEST_ANSWER = 1_000_000
MOST_TOKENS = 2**31 - 1
FOREIGN = "does not answer like an OpenAI-compatible server"
_SHOWN = 300


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
    """What a run has used so far.

    Attributes:
        requests: HTTP requests sent, repeated ones included.
        cached: answers that were known already; they cost nothing.
        tokens_in: read by the model, as the server counts them.
        tokens_out: written by it.
        cost: in the currency of the prices; what a request that failed cost is not known.
        failures: reason → number of questions that failed and of answers that could not be read.
    """

    requests: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)


class Endpoint:
    """A server and the account of one run; everything but ``spent`` belongs to one event loop.

    Args:
        config: of the judge.
        key: for the server, "" = none.
        spent: what was used before and counts towards the cap.
    """

    def __init__(self, config: JudgeConfig, key: str = "", spent: Spent | None = None) -> None:
        self.spent = spent or Spent()
        self._config = config
        self._key = key
        self._reserved = 0.0
        self._client: openai.AsyncOpenAI | None = None

    async def ask(self, messages: Sequence[Message], *, seed: int) -> Answer:
        """Return the answer to a conversation.

        Raises:
            JudgeEndpointError: the server cannot be reached, refuses, times out, sends no text, or
                the answer could cost more than what is left of the cap.
        """
        worst = self._worst(messages)
        self._reserve(worst)
        try:
            answer = await self._request(messages, seed)
        except JudgeEndpointError as error:
            self.spent.failures[error.reason] += 1
            raise
        finally:
            self._reserved -= worst
        self.spent.tokens_in += answer.tokens_in
        self.spent.tokens_out += answer.tokens_out
        self.spent.cost += self._price(answer.tokens_in, answer.tokens_out)
        return answer

    async def close(self) -> None:
        """End the connections; the next request opens new ones, in another loop if need be."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _request(self, messages: Sequence[Message], seed: int) -> Answer:
        config = self._config
        try:
            reply = await self._opened().chat.completions.create(
                model=config.model,
                messages=list(messages),  # type: ignore[arg-type]
                temperature=config.temperature,
                max_tokens=config.max_tokens,
                seed=seed,
            )
            choice = reply.choices[0]
            usage = reply.usage
            return Answer(
                text=plain(choice.message.content or "", LONGEST_ANSWER),
                tokens_in=_count(usage.prompt_tokens) if usage else 0,
                tokens_out=_count(usage.completion_tokens) if usage else 0,
                cut=choice.finish_reason == "length",
            )
        except openai.APITimeoutError:
            raise JudgeEndpointError(
                f"{config.endpoint} did not answer within {config.timeout_s:g} s, "
                f"{config.retries + 1} times; raise timeout_s or lower parallel",
                reason="the server did not answer in time",
            ) from None
        except openai.APIConnectionError as error:
            cause = error.__cause__
            raise JudgeEndpointError(
                f"{config.endpoint} cannot be reached: {cause or error}",
                reason="the connection failed",
                lasting=isinstance(cause, httpx.ConnectError),
            ) from error
        except openai.APIStatusError as error:
            raise self._refusal(error) from error
        except (openai.APIError, LookupError, TypeError, AttributeError, ValueError) as error:
            said = self._plain(error)
            raise JudgeEndpointError(
                f"{config.endpoint} {FOREIGN}: {said}", reason=FOREIGN
            ) from error

    def _opened(self) -> openai.AsyncOpenAI:
        if self._client is None:
            self._client = openai.AsyncOpenAI(
                base_url=self._config.endpoint,
                # A local server asks for none, but the client insists on having one.
                api_key=self._key or NO_KEY,
                timeout=self._config.timeout_s,
                max_retries=self._config.retries,
                http_client=openai.DefaultAsyncHttpxClient(
                    # Whoever allowed this server did not allow those that it points to.
                    follow_redirects=False,
                    event_hooks={"request": [self._sent]},
                ),
            )
        return self._client

    async def _sent(self, request: httpx.Request) -> None:
        """Count a request that is about to be sent, with the headers that this judge means.

        The client adds what it finds in its environment (organisation, custom headers, other keys),
        which is for another server.
        """
        self.spent.requests += 1
        for name in list(request.headers):
            if name not in HEADERS:
                del request.headers[name]
        request.headers["Authorization"] = f"Bearer {self._key or NO_KEY}"

    def _worst(self, messages: Sequence[Message]) -> float:
        """Return the most that a request can cost."""
        characters = sum(len(m["content"]) for m in messages)
        return self._price(characters / CHARACTERS_PER_TOKEN, self._config.max_tokens)

    def _price(self, tokens_in: float, tokens_out: float) -> float:
        config = self._config
        return (tokens_in * config.price_in + tokens_out * config.price_out) / PER_MILLION

    def _reserve(self, worst: float) -> None:
        cap, spent = self._config.cap, self.spent.cost
        if cap is not None and spent + self._reserved + worst > cap:
            raise JudgeCapError(
                f"the next request could cost {worst:.4g}, more than is left of the cap of {cap:g} "
                f"({spent:.4g} spent); what was judged is kept: raise cap and run again"
            )
        self._reserved += worst

    def _refusal(self, error: openai.APIStatusError) -> JudgeEndpointError:
        config, status = self._config, error.status_code
        key = (
            f"the key in {config.key_variable} is not accepted for '{config.model}'"
            if config.key_variable
            else "name the variable that holds its key in key_variable"
        )
        way_out = {
            401: key,
            403: key,
            404: f"check endpoint and model ('{config.model}')",
            413: "the trace is too long for this model",
            429: "it limits requests: lower parallel or wait",
        }.get(status, "see the server's log")
        return JudgeEndpointError(
            f"{config.endpoint} answered {status}: {self._plain(error)} ({way_out})",
            reason=f"the server answered {status}",
            lasting=status in {401, 403, 404, 405} or status < 400,
        )

    def _plain(self, error: Any) -> str:
        """Return what an error says, short and without the key, should the server repeat it."""
        said = " ".join(str(getattr(error, "message", error)).split())
        return plain(said.replace(self._key, "…") if self._key else said, _SHOWN)


def _count(said: object) -> int:
    """Return a number of tokens; the client does not check what the server wrote there."""
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= MOST_TOKENS:
        raise ValueError(f"its usage says {str(said)[:40]} tokens")
    return said
