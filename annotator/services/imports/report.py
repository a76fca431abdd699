"""What an import did: totals that add up, and the place of everything that was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from annotator.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

LISTED = 100
"""Errors and warnings are counted without end but listed only so far."""


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence about one record: ``line`` is 1-based, ``record`` 0-based, None = unknown."""

    file: str
    line: int | None
    record: int | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the object of the import contract."""
        return {"file": self.file, "line": self.line, "record": self.record, "reason": self.reason}


def place_words(line: int | None, record: int, file: str) -> str:
    """Return the place of a record in words, by line where the format has lines."""
    return f"line {line} of {file}" if line is not None else f"record {record} of {file}"


def records_new(report: Mapping[str, Any]) -> int:
    """Return how many records of a stored report added something to the project."""
    return int(report.get("accepted", 0)) - int(report.get("unchanged", 0))


@dataclass(slots=True)
class Counts:
    """Rows added and records taken; added up only after their transaction has committed."""

    accepted: int = 0
    unchanged: int = 0
    problems: int = 0
    traces: int = 0
    steps: int = 0
    labels: int = 0
    scores: int = 0
    rankings: int = 0

    def add(self, other: Counts) -> None:
        """Add ``other`` to this."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNTED = (
    "accepted",
    "unchanged",
    "problems",
    "traces",
    "steps",
    "labels",
    "scores",
    "rankings",
)


@dataclass(slots=True)
class ImportReport:
    """The result of importing one file (or several, added up).

    ``accepted + rejected`` = records of the file; ``unchanged`` ones are accepted too. The other
    counts are rows added. ``errors`` and ``warnings`` hold the first hundred of each.
    """

    format: str
    counts: Counts = field(default_factory=Counts)
    rejected: int = 0
    errors: list[Place] = field(default_factory=list)
    n_warnings: int = 0
    warnings: list[Place] = field(default_factory=list)
    steps_read: int = 0
    cancelled: bool = False
    dry_run: bool = False

    @property
    def accepted(self) -> int:
        """Records that are in the project now."""
        return self.counts.accepted

    @property
    def records(self) -> int:
        """Records of the file."""
        return self.counts.accepted + self.rejected

    def reject(self, place: Place) -> None:
        """Count one refused record."""
        self.rejected += 1
        self.list_error(place)

    def list_error(self, place: Place) -> None:
        """List an error that is not a record of its own (a whole file, for one)."""
        if len(self.errors) < LISTED:
            self.errors.append(place)

    def warn(self, place: Place) -> None:
        """Count and list something that was kept differently from how it stood in the file."""
        self.n_warnings += 1
        if len(self.warnings) < LISTED:
            self.warnings.append(place)

    def add(self, other: ImportReport) -> None:
        """Add the report of another file."""
        formats = dict.fromkeys([*self.format.split(", "), other.format])
        self.format = ", ".join(name for name in formats if name)
        self.counts.add(other.counts)
        self.rejected += other.rejected
        self.errors = [*self.errors, *other.errors][:LISTED]
        self.n_warnings += other.n_warnings
        self.warnings = [*self.warnings, *other.warnings][:LISTED]
        self.steps_read += other.steps_read
        self.cancelled = self.cancelled or other.cancelled

    def as_dict(self) -> dict[str, Any]:
        """Return the object that ``import_traces --json`` prints and ``SourceFile`` keeps."""
        return {
            "format": self.format,
            "accepted": self.counts.accepted,
            "unchanged": self.counts.unchanged,
            "rejected": self.rejected,
            **{name: getattr(self.counts, name) for name in COUNTED[2:]},
            "errors": [place.as_dict() for place in self.errors],
            "n_warnings": self.n_warnings,
            "warnings": [place.as_dict() for place in self.warnings],
            "cancelled": self.cancelled,
            "dry_run": self.dry_run,
        }


class ImportStoppedError(UnavailableError):
    """The database failed in the middle; ``report`` says what was stored before and stays."""

    def __init__(self, reason: str, report: ImportReport) -> None:
        super().__init__(
            f"The database could not store the next records: {reason}. What was stored before "
            "stays; import the file again once this is put right.",
            code="database",
        )
        self.report = report
