"""Which judgements a report is about."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from annotator.errors import InvalidError
from annotator.models import GuidelineVersion, Queue, Rater
from scoring.agreement.report import versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Project

Stored = dict[str, Any]
# Grows when other judgements are collected for the same scope: stored reports are then made anew.
COLLECTED = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """What judgements must be to count; None asks for nothing.

    Attributes:
        kinds: kinds of raters, sorted. People only, unless somebody asks for others.
        queue: a queue; then only what the people who submitted an item said of that item.
        guideline: number of the version that the judgement pins.
        since: first day of the judgement's last change, UTC.
        until: last day of it.
    """

    kinds: tuple[str, ...] = (Rater.Kind.PERSON.value,)
    queue: int | None = None
    guideline: int | None = None
    since: date | None = None
    until: date | None = None

    def stored(self) -> Stored:
        """Return the scope as JSON, for ``AgreementReport.scope`` and the job's arguments."""
        days = {name: day.isoformat() if day else None for name, day in self._days().items()}
        return {**asdict(self), "kinds": list(self.kinds), **days}

    @classmethod
    def from_stored(cls, stored: Stored) -> Scope:
        """Return the scope that ``stored`` came from."""
        days = {
            name: date.fromisoformat(stored[name]) if stored[name] else None
            for name in ("since", "until")
        }
        return cls(**{**stored, "kinds": tuple(stored["kinds"]), **days})

    @property
    def query(self) -> str:
        """The query of the page and API that asks for the scope."""
        rest = {name: value for name, value in self.stored().items() if name != "kinds"}
        named = [(name, str(value)) for name, value in rest.items() if value is not None]
        return urlencode([*(("kind", kind) for kind in self.kinds), *named])

    @property
    def hash(self) -> str:
        """32 hex digits of the scope, of its rules and of the versions of all statistics."""
        told = json.dumps([self.stored(), COLLECTED, versions()], sort_keys=True)
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    def _days(self) -> dict[str, date | None]:
        return {"since": self.since, "until": self.until}


def scope_checked(
    *,
    project: Project,
    kinds: Sequence[str] = (),
    queue: int | None = None,
    guideline: int | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Scope:
    """Return the scope; no kinds = people.

    Raises:
        InvalidError: an unknown kind, a queue or guideline version that the project does not have,
            or days in the wrong order; ``fields`` names which.
    """
    wrong = {}
    known = Rater.Kind.values
    strange = [kind for kind in kinds if kind not in known]
    if strange:
        wrong["kind"] = f"A kind of rater is one of {', '.join(known)}, not '{strange[0][:40]}'."
    if queue is not None and not Queue.objects.filter(project=project, pk=queue).exists():
        wrong["queue"] = f"There is no queue {queue} in this project."
    versions_here = GuidelineVersion.objects.filter(project=project)
    if guideline is not None and not versions_here.filter(number=guideline).exists():
        wrong["guideline"] = f"There is no version {guideline} of this project's guidelines."
    if since is not None and until is not None and since > until:
        wrong["until"] = "The last day is before the first."
    if wrong:
        raise InvalidError(" ".join(wrong.values()), fields=wrong)
    chosen = tuple(sorted(set(kinds))) or (Rater.Kind.PERSON.value,)
    return Scope(chosen, queue, guideline, since, until)
