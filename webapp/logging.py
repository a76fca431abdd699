"""One log format for people or machines; every line knows its request or job."""

from __future__ import annotations

import json
import logging
from typing import Any

from annotator.log_context import job_id, request_id

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
CONTEXT = ("request", "job")
SKIPPED = STANDARD | {"request", "job", "data", "status_code", "server_time"}


class ContextFilter(logging.Filter):
    """Adds the current request and job to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Annotate ``record``; nothing is ever dropped."""
        record.__dict__["request"] = request_id.get()
        record.__dict__.setdefault("job", job_id.get())
        return True


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller passed as ``extra=`` plus the context."""
    found = {key: value for key, value in vars(record).items() if key not in SKIPPED}
    found.update({key: value for key in CONTEXT if (value := getattr(record, key, ""))})
    return found


class TextFormatter(logging.Formatter):
    """``time level logger message key=value …``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with a traceback below it if there is one."""
        line = super().format(record)
        extra = " ".join(f"{key}={value}" for key, value in fields(record).items())
        head, newline, rest = line.partition("\n")
        return f"{head} {extra}".rstrip() + newline + rest


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as text."""
        row: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row, default=str, ensure_ascii=False)


def logging_config(*, style: str, level: str) -> dict[str, Any]:
    """Return the ``dictConfig`` of every process."""
    formatter: dict[str, Any] = (
        {"()": "webapp.logging.JsonFormatter"}
        if style == "json"
        else {
            "()": "webapp.logging.TextFormatter",
            "format": "{asctime} {levelname:<7} {name} {message}",
            "style": "{",
        }
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "webapp.logging.ContextFilter"}},
        "formatters": {"line": formatter},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["context"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {name: {"level": level} for name in ("annotator", "scoring", "webapp")},
    }
