"""Django's ``DATABASES`` row for the embedded server or for the one that ``DATABASE_URL`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo

from webapp import postgres

if TYPE_CHECKING:
    from pathlib import Path

SCHEMES = ("postgres", "postgresql")


def embedded_database(home: Path, *, name: str, pool: int) -> dict[str, Any]:
    """Return the row of the embedded server of ``home``; nothing is started."""
    return {
        "ENGINE": "webapp.embedded",
        "HOST": str(postgres.socket_folder(home)),
        "NAME": name or postgres.DATABASE,
        "USER": postgres.USER,
        **_connections(pool, {}),
    }


def database_from_url(url: str, *, name: str = "", pool: int = 0) -> dict[str, Any]:
    """Return the row of ``postgresql://user:password@host:port/name?option=value``.

    ``name`` replaces the one in the URL. ``none:`` stands for no database at all, for commands that never ask it anything.

    Raises:
        ImproperlyConfigured: if it is not such a URL.
    """
    if url == "none:":
        return {"ENGINE": "django.db.backends.dummy"}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}.") from None
    name = name or unquote(parts.path.lstrip("/"))
    if parts.scheme not in SCHEMES or not name:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name; leave it "
            "unset to use the embedded PostgreSQL."
        )
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    try:
        make_conninfo(**options)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be used: {str(error).strip()}.") from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        **_connections(pool, options),
    }


def _connections(pool: int, options: dict[str, Any]) -> dict[str, Any]:
    """A pool suits the threads of a web process; its own threads would not survive a fork.

    Either way a kept connection is tried by an empty statement at its first use in a request, so
    that a restart of the server is not felt.
    """
    if pool:
        pooled = {"min_size": 1, "max_size": pool, "timeout": 10}
        return {"OPTIONS": {**options, "pool": pooled}, "CONN_HEALTH_CHECKS": True}
    return {"OPTIONS": options, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
