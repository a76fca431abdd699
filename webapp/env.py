"""Typed readers of the environment: the only place that looks at ``os.environ`` for settings.

A value that cannot be used stops start-up with a sentence naming the variable and what it takes.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
LOCAL = ("localhost", "127.0.0.1", "[::1]")
HOST = re.compile(
    r"(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?P<port>:[0-9]{1,5})?", re.ASCII
)


def env_str(name: str, default: str = "") -> str:
    """Return the text of ``name``; an empty variable counts as unset."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    """Return ``name`` as a switch: 1/true/yes/on or 0/false/no/off."""
    text = env_str(name).lower()
    if not text:
        return default
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={text!r} is not a switch; use 1 or 0.")


def env_int(name: str, default: int, *, low: int, high: int) -> int:
    """Return ``name`` as a whole number within ``low`` … ``high``."""
    text = env_str(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise ImproperlyConfigured(
            f"{name}={text!r} is not a whole number from {low} to {high}."
        ) from None
    return value


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """Return ``name`` if it is one of ``choices``."""
    text = env_str(name, default)
    if text not in choices:
        raise ImproperlyConfigured(f"{name}={text!r} is unknown; known: {', '.join(choices)}.")
    return text


def env_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return the comma-separated parts of ``name``."""
    text = env_str(name)
    return [part.strip() for part in text.split(",") if part.strip()] if text else list(default)


def env_hosts(name: str, default: str) -> frozenset[str]:
    """Return the hosts (``host`` or ``host:port``) of ``name``; ``localhost`` means its addresses too."""
    hosts = set()
    for text in env_list(name, (default,)):
        found = HOST.fullmatch(text.lower())
        if found is None:
            raise ImproperlyConfigured(
                f"{name}: {text!r} is not a host such as api.example.com or 10.0.0.5:8000."
            )
        host, port = found["host"], found["port"] or ""
        hosts |= {one + port for one in (LOCAL if host == "localhost" else (host,))}
    return frozenset(hosts)


def env_host_keys(name: str) -> dict[tuple[str, str], str]:
    """Return ``(VARIABLE, host) → its value`` of the comma-separated ``VARIABLE=host`` of ``name``.

    A variable that is not set in this process has the value "".
    """
    keys = {}
    for number, text in enumerate(env_list(name), start=1):
        variable, _, place = text.partition("=")
        found = HOST.fullmatch(place.strip().lower())
        if found is None or not variable.isidentifier():
            # Not quoted: it may be the key itself.
            raise ImproperlyConfigured(f"{name}: entry {number} is not VARIABLE=host.")
        host, port = found["host"], found["port"] or ""
        for one in LOCAL if host == "localhost" else (host,):
            keys[variable, one + port] = env_str(variable)
    return keys


def env_folders(name: str) -> list[Path]:
    """Return the comma-separated absolute folders of ``name``; they need not exist yet."""
    folders = [Path(text).expanduser() for text in env_list(name)]
    for folder in folders:
        if not folder.is_absolute():
            raise ImproperlyConfigured(f"{name}: {folder} is not absolute; write it from / on.")
    return folders


def env_folder(name: str, default: Path) -> Path:
    """Return ``name`` as an absolute folder, created private (0700) if it is missing.

    A relative path counts from the current folder. An existing folder is closed to others, its
    parents are left alone.
    """
    path = Path(env_str(name, str(default))).expanduser().absolute()
    return private_folder(path, name)


def private_folder(path: Path, name: str = "the folder") -> Path:
    """Create ``path`` if needed and take all rights of group and others away from it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}: {path} cannot be used as a private folder ({error.strerror}); "
            "name a folder that you may write to."
        ) from error
    return path


def env_secret(name: str, file: Path) -> str:
    """Return the secret in ``name``, else in the file named by ``name_FILE``, else in ``file``.

    ``file`` is written with a fresh secret at the first start, readable by its owner only. Two
    processes that start at once agree on one secret: the link is made by exactly one of them.
    """
    if text := env_str(name):
        return text
    if named := env_str(f"{name}_FILE"):
        return _secret_in(Path(named), f"{name}_FILE")
    if not file.exists():
        try:
            _write_secret(file)
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}: cannot write {file} ({error.strerror}); name a home that you may write "
                f"to (TRACEWOOD_HOME), or set {name}."
            ) from error
    return _secret_in(file, name)


def _write_secret(file: Path) -> None:
    """Write a fresh secret unless another process was faster."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        Path(draft).unlink()


def _secret_in(file: Path, name: str) -> str:
    try:
        text = file.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot read {file} ({error.strerror}).") from error
    if not text:
        raise ImproperlyConfigured(f"{name}: {file} is empty; delete it and start again.")
    return text
