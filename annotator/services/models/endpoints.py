"""Which servers a judge may be asked at, and which key goes where.

People name a server and the variable that holds its key; a worker calls the one and sends it the
other. Both must be in the operator's lists, ``TRACEWOOD_JUDGE_HOSTS`` and ``TRACEWOOD_JUDGE_KEYS``:
else whoever may add a model could have the server call machines that only it can reach, or send
them its secrets. Checked when a judge is added and again whenever it is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from annotator.errors import InvalidError, UnavailableError

if TYPE_CHECKING:
    from scoring.judge import JudgeConfig


def server_checked(*, config: JudgeConfig, field: str, any_folder: bool = False) -> str:
    """Return the endpoint if its server is listed.

    Args:
        config: of the judge.
        field: the setting that names it, for the refusal.
        any_folder: makes no difference: a worker asks, whoever added the judge.

    Raises:
        InvalidError: it is not; the answer is the same whether there is such a server.
    """
    names = _names(config)
    if settings.TRACEWOOD_JUDGE_HOSTS.intersection(names):
        return config.endpoint
    reason = (
        f"Judges may not be asked at {names[0]}. The operator lists the servers that they may be "
        "asked at in TRACEWOOD_JUDGE_HOSTS."
    )
    raise InvalidError(reason, fields={field: reason})


def key_checked(*, config: JudgeConfig, field: str, any_folder: bool = False) -> str:
    """Return the name of the key's variable if its value may be sent to the server.

    Raises:
        InvalidError: it may not; the answer is the same whether there is such a variable.
    """
    if not config.key_variable or _listed(config) is not None:
        return config.key_variable
    reason = (
        f"'{config.key_variable}' is not listed as a key for {_names(config)[0]}. The operator lists "
        "keys with their servers in TRACEWOOD_JUDGE_KEYS."
    )
    raise InvalidError(reason, fields={field: reason})


def endpoint_key(*, config: JudgeConfig) -> str:
    """Return the key for the server of a judge that is about to be asked, "" if it names none.

    Raises:
        InvalidError: as the two above; the lists may have changed since the judge was added.
        UnavailableError: the variable is listed but not set in this process.
    """
    server_checked(config=config, field="endpoint")
    key_checked(config=config, field="key_variable")
    key = _listed(config) or ""
    if config.key_variable and not key:
        raise UnavailableError(
            f"The environment variable {config.key_variable} is not set for this worker. Set it, "
            "start the worker again, then resume the job."
        )
    return key


def _listed(config: JudgeConfig) -> str | None:
    keys: dict[tuple[str, str], str] = settings.TRACEWOOD_JUDGE_KEYS
    found = [keys.get((config.key_variable, name)) for name in _names(config)]
    return next((key for key in found if key is not None), None)


def _names(config: JudgeConfig) -> tuple[str, str]:
    """Return how lists may call the server: with its port, and for all its ports."""
    host, port = config.host or ("", 0)
    return f"{host}:{port}", host
