"""System checks: mistakes of a deployment, with the way out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks
from kombu import Connection

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@checks.register(deploy=True)
def host_is_private_or_encrypted(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Other machines may only talk to Tracewood over HTTPS."""
    if settings.TRACEWOOD_HOST in LOOPBACK or settings.TRACEWOOD_HTTPS:
        return []
    return [
        checks.Error(
            f"TRACEWOOD_HOST={settings.TRACEWOOD_HOST} is reachable from other machines.",
            hint="Put a proxy with a certificate in front and set TRACEWOOD_HTTPS=1.",
            id="webapp.E001",
        )
    ]


@checks.register()
def broker_can_be_used(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The address of a broker names a transport that is known and installed; nothing is asked."""
    fault = _broker_fault(settings.CELERY_BROKER_URL)
    if not fault:
        return []
    return [
        checks.Error(
            f"CELERY_BROKER_URL cannot be used: {fault}.",
            hint="Use amqp://… (RabbitMQ) or redis://…, or leave it unset.",
            id="webapp.E002",
        )
    ]


def _broker_fault(url: str) -> str:
    """Say what is wrong with the address, without its password; empty if nothing is."""
    if not url:
        return ""
    if "://" not in url:
        return "it has no scheme"
    try:
        Connection(url).transport  # noqa: B018 - looking is loading
    except (KeyError, ImportError, ValueError) as error:
        return str(error.args[0] if error.args else error)
    return ""


@checks.register()
def home_is_private(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """The home holds secrets, uploads and models."""
    if settings.TRACEWOOD_HOME.stat().st_mode & 0o077 == 0:
        return []
    return [
        checks.Warning(
            f"Other users of this machine can look into {settings.TRACEWOOD_HOME}.",
            hint=f"chmod 700 {settings.TRACEWOOD_HOME}",
            id="webapp.W001",
        )
    ]
