"""What a judge is: an endpoint, a model, a principle, and how often it is asked. Torch-free."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoring.reward.settings import SettingError, setting, validate

PRINCIPLE = (
    "A step is right if everything it states follows from the problem and from the steps before "
    "it and no calculation in it is wrong. A step that only repeats or goes on from an earlier "
    "error is wrong as well. A step that is right but leads nowhere is right."
)
# One reading only, whichever library reads it: no user, query, fragment, space or backslash.
_ADDRESS = re.compile(
    r"https?://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:(?P<port>[0-9]{1,5}))?"
    r"(/[!$%&'()*+,.0-9:;=@A-Z_a-z~/-]*)?",
    re.ASCII,
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
MOST_PORT = 65_535
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """A generative judge. Prices and cap are in one currency, whichever the prices are in."""

    endpoint: str = setting(
        "http://127.0.0.1:8000/v1",
        "Base address of an OpenAI-compatible server, ending in /v1.",
        reaches="server",
    )
    model: str = setting("", "Name of the model as the server knows it.")
    key_variable: str = setting(
        "",
        "Environment variable of the worker that holds the key, empty = none; the key itself is "
        "stored nowhere.",
        reaches="key",
    )
    principle: str = setting(
        PRINCIPLE, "What right and wrong mean, put before every question.", high=20_000
    )
    with_reference: bool = setting(
        True, "Show the reference answer to the judge where there is one."
    )
    steps_at_once: int = setting(
        40,
        "Most steps of a path judged in one request; with 1 no verdict knows what comes after.",
        low=1,
        high=1000,
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
        if self.host is None or self.host[1] > MOST_PORT:
            raise SettingError(
                f"endpoint must be an http or https address such as http://127.0.0.1:8000/v1, "
                f"without name, key, ? or #, not '{self.endpoint[:80]}'"
            )
        if self.key_variable and not _VARIABLE.fullmatch(self.key_variable):
            raise SettingError("key_variable must be the name of an environment variable")
        if not self.model.strip():
            raise SettingError("model must name the model as the server knows it")
        if self.votes > 1 and self.temperature == 0:
            raise SettingError(
                "votes above 1 need a temperature above 0: at 0 every vote is the same"
            )
        if self.cap is not None and not (self.price_in or self.price_out):
            raise SettingError("cap needs price_in or price_out: without prices nothing costs")

    @property
    def host(self) -> tuple[str, int] | None:
        """Name and port of the server, an IPv6 address in brackets; None = the endpoint is none."""
        found = _ADDRESS.fullmatch(self.endpoint)
        if found is None:
            return None
        return found["host"], int(found["port"] or _PORTS[self.endpoint.partition(":")[0]])
