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


def endpoint_check(*, config: JudgeConfig) -> None:
    """Let only listed servers and keys pass.

    Raises:
        InvalidError: the server, or this key for this server, is not in the operator's list; the
            answer is the same whether there is such a server or variable.
    """
    wrong = {}
    names = _names(config)
    if not settings.TRACEWOOD_JUDGE_HOSTS.intersection(names):
        wrong["endpoint"] = (
            f"Judges may not be asked at {names[0]}. The operator lists the servers that they may "
            "be asked at in TRACEWOOD_JUDGE_HOSTS."
        )
    elif config.key_variable and _listed(config) is None:
        wrong["key_variable"] = (
            f"'{config.key_variable}' is not listed as a key for {names[0]}. The operator lists "
            "them in TRACEWOOD_JUDGE_KEYS."
        )
    if wrong:
        raise InvalidError(" ".join(wrong.values()), fields=wrong)


def endpoint_key(*, config: JudgeConfig) -> str:
    """Return the key for the server of a judge, "" if it names none.

    Raises:
        InvalidError: as ``endpoint_check``.
        UnavailableError: the variable is listed but not set in this process.
    """
    endpoint_check(config=config)
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
