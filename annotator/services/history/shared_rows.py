"""Rows that belong to a problem and not to a rater: whoever says the next thing replaces them.

Final decisions and resolutions of contradictions. Their state in ``before`` carries who said it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from annotator.models import Adjudication, Problem, Resolution
from annotator.services.history.layout import ADJUDICATION_DEFAULTS, RESOLUTION_DEFAULTS

if TYPE_CHECKING:
    from django.db.models import Model

    from annotator.services.history.layout import State, Target


@dataclass(frozen=True, slots=True)
class SharedRows:
    """How the rows of one kind are found, read and written.

    Attributes:
        model: the table.
        key: the part of the identity that is in the payload, by the names of its fields.
        defaults: the state's fields.
    """

    model: type[Model]
    key: tuple[str, ...]
    defaults: State

    def read(self, target: Target) -> State | None:
        """Return the row as its event states it, with who made it."""
        # The problem is locked, not the row: one that does not exist yet cannot be.
        Problem.objects.select_for_update(no_key=True).get(pk=target.problem_id)
        names = (*self.defaults, "rater_id")
        row = self.model._default_manager.filter(**self._found(target)).values(*names).first()
        if row is None:
            return None
        rater = row.pop("rater_id")
        return {**row, "rater": rater}

    def write(self, target: Target, event_id: int, state: State | None) -> None:
        """Bring the row to ``state``; one without ``rater`` is the event's rater's."""
        rows = self.model._default_manager
        if state is None:
            rows.filter(**self._found(target)).delete()
            return
        columns: dict[str, Any] = {
            name: state.get(name, default) for name, default in self.defaults.items()
        }
        columns |= {
            "project_id": target.project_id,
            "rater_id": state.get("rater") or target.rater_id,
            "event_id": event_id,
            "updated": Now(),
        }
        rows.update_or_create(**self._found(target), defaults=columns)

    def _found(self, target: Target) -> dict[str, Any]:
        columns = {field.name: field.attname for field in self.model._meta.concrete_fields}
        named = {columns[name]: target.key[name] for name in self.key}
        return {"problem_id": target.problem_id, **named}


DECISIONS = SharedRows(
    Adjudication,
    ("step", "level", "parent", "criterion", "first", "last"),
    ADJUDICATION_DEFAULTS,
)
RESOLUTIONS = SharedRows(Resolution, ("contradiction",), RESOLUTION_DEFAULTS)
