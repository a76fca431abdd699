"""What a judge is: an endpoint, a model, a principle, and how often it is asked. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from scoring.reward.settings import SettingError, setting, validate

PRINCIPLE = (
    "A step is right if everything it states follows from the problem and from the steps before "
    "it and no calculation in it is wrong. A step that only repeats or goes on from an earlier "
    "error is wrong as well. A step that is right but leads nowhere is right."
)
LONGEST_PRINCIPLE = 20_000


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """A generative judge. Prices and cap are in one currency, whichever the prices are in."""

    endpoint: str = setting(
        "http://127.0.0.1:8000/v1", "Base address of an OpenAI-compatible server, ending in /v1."
    )
    model: str = setting("", "Name of the model as the server knows it.")
    key_variable: str = setting(
        "",
        "Environment variable of the worker that holds the key, empty = none; the key itself is "
        "stored nowhere.",
    )
    principle: str = setting(PRINCIPLE, "What right and wrong mean, put before every question.")
    with_reference: bool = setting(
        True, "Show the reference answer to the judge where there is one."
    )
    votes: int = setting(1, "How often each path is judged; the score is the mean.", low=1, high=64)
    temperature: float = setting(
        0.0, "Sampling temperature; more than one vote needs more than 0.", low=0.0, high=2.0
    )
    max_tokens: int = setting(2048, "Longest answer, in tokens.", low=16, high=131072)
    timeout_s: float = setting(120.0, "Seconds to wait for one answer.", low=0.1, high=3600.0)
    retries: int = setting(
        4,
        "How often a request is repeated, with growing pauses, when the server fails.",
        low=0,
        high=20,
    )
    repairs: int = setting(
        1, "How often a vote is asked for again when its answer cannot be read.", low=0, high=5
    )
    parallel: int = setting(4, "Most requests on their way at once.", low=1, high=256)
    price_in: float = setting(0.0, "Price of a million tokens read.", low=0.0)
    price_out: float = setting(0.0, "Price of a million tokens written.", low=0.0)
    cap: float | None = setting(
        None,
        "Most that one run may cost, none = no limit; it stops before it would cost more.",
        low=0.0,
    )

    def __post_init__(self) -> None:
        validate(self)
        parts = urlsplit(self.endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingError(
                f"endpoint must be an http or https address such as http://127.0.0.1:8000/v1, not "
                f"'{self.endpoint[:80]}'"
            )
        if parts.query or parts.fragment:
            raise SettingError("endpoint must end before any ? or #")
        if parts.username or parts.password:
            raise SettingError(
                "endpoint must not hold a key: put it into the worker's environment and name the "
                "variable in key_variable"
            )
        if not self.model.strip():
            raise SettingError("model must name the model as the server knows it")
        if len(self.principle) > LONGEST_PRINCIPLE:
            raise SettingError(f"principle must have at most {LONGEST_PRINCIPLE:,} characters")
        if self.votes > 1 and self.temperature == 0:
            raise SettingError(
                "votes above 1 need a temperature above 0: at 0 every vote is the same"
            )
        if self.cap is not None and not (self.price_in or self.price_out):
            raise SettingError("cap needs price_in or price_out: without prices nothing costs")
