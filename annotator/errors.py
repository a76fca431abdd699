"""Errors that a person can cause and act on; every edge translates them once.

AnnotatorError              400  base; ``code`` is stable, the message may change
├── NotFoundError           404  no such object, or not yours
├── ForbiddenError          403  your role does not allow it
├── ConflictError           409  somebody else changed it, or the key was used for something else
│   └── FencedOutError           a worker writes to a job that another one has taken over
├── InvalidError            422  a value outside the scheme; ``fields`` names it
├── ImportRefusedError      422  nothing of the file can be used
├── ExportRefusedError      422  nothing to export
└── UnavailableError        503  a worker, disk or service is missing
"""

from __future__ import annotations


class AnnotatorError(Exception):
    """Base of all expected errors of the web application."""

    code = "error"
    status = 400

    def __init__(
        self, message: str, *, code: str = "", fields: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.fields = fields or {}


class NotFoundError(AnnotatorError):
    """The object does not exist or belongs to a project of others."""

    code = "not_found"
    status = 404


class ForbiddenError(AnnotatorError):
    """The member's role does not allow this."""

    code = "forbidden"
    status = 403


class ConflictError(AnnotatorError):
    """The request contradicts what is stored."""

    code = "conflict"
    status = 409


class FencedOutError(ConflictError):
    """The writer's fence is stale: the job was requeued, ended or taken by another worker."""

    code = "fenced_out"


class InvalidError(AnnotatorError):
    """A value that the project's scheme does not know."""

    code = "invalid"
    status = 422


class ImportRefusedError(AnnotatorError):
    """Nothing of the file can be used: the same again would be refused again."""

    code = "import_refused"
    status = 422
    CODES = frozenset(
        {
            "empty_file",
            "format_ambiguous",
            "format_unknown",
            "no_such_file",
            "not_a_file",
            "packed_file",
            "unreadable_file",
            "wrong_encoding",
        }
    )
    """Every code that this error is raised with."""


class ExportRefusedError(AnnotatorError):
    """There is nothing to export under these rules."""

    code = "export_refused"
    status = 422


class UnavailableError(AnnotatorError):
    """Something that the operator must start or free is missing."""

    code = "unavailable"
    status = 503
