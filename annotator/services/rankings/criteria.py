"""The criteria that people rank by: an ordered list of the project, changed by its owners.

Keys never change: rankings carry them. A criterion that somebody ranked by cannot be removed, only
retired; then it is asked for no more and decides nothing, and its rankings stay.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import ConflictError, InvalidError
from annotator.models import Project
from annotator.queries.rankings.criteria import criteria_rows, rankings_by_criterion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
LABEL_LENGTH, HELP_LENGTH, MOST_CRITERIA, MOST_MARGIN = 60, 300, 12, 1_000.0
FIELDS = ("key", "label", "help", "margin", "gate", "retired")


@transaction.atomic
def criteria_set(*, project: Project, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Replace the criteria of ``project``, the most important first.

    Args:
        project: whose criteria.
        rows: ``key label help margin gate retired``; a row without a key is new and gets one from
            its label. What is left out is "" or 0.

    Returns:
        The rows as they are stored.

    Raises:
        InvalidError: a key, label or margin that cannot be used, or none left to rank by.
        ConflictError: a criterion that is missing has rankings.
    """
    locked = Project.objects.select_for_update().get(pk=project.pk)
    if not 0 < len(rows) <= MOST_CRITERIA:
        raise _refused(f"A project has 1 to {MOST_CRITERIA} criteria, not {len(rows)}.")
    taken = {str(row.get("key") or "") for row in rows} - {""}
    checked: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=1):
        clean = _checked(number, row, taken)
        if any(clean["key"] == other["key"] for other in checked):
            raise _refused(f"Criterion {number}: the key '{clean['key']}' is twice.")
        taken.add(clean["key"])
        checked.append(clean)
    if all(row["retired"] for row in checked):
        raise _refused("At least one criterion must stay in use.")
    kept = {row["key"] for row in checked}
    used = rankings_by_criterion(project=project)
    for old in criteria_rows(locked):
        key = str(old["key"])
        if key not in kept and used.get(key):
            reason = (
                f"'{old['label']}' has {used[key]} ranking{'s' * (used[key] != 1)} and cannot be "
                "removed. Retire it: it is asked for no more, and its rankings stay."
            )
            raise ConflictError(reason, code="criterion_in_use", fields={"criteria": reason})
    project.criteria = checked
    project.save(update_fields=["criteria"])
    return checked


def _checked(number: int, row: Mapping[str, Any], taken: set[str]) -> dict[str, Any]:
    if unknown := row.keys() - set(FIELDS):
        raise _refused(
            f"Criterion {number}: there is no field '{min(unknown)}'; known: {', '.join(FIELDS)}."
        )
    label = _text(number, "label", row.get("label", ""), LABEL_LENGTH)
    if not label:
        raise _refused(f"Criterion {number} needs a label.")
    key = str(row.get("key") or _key_from(label, taken))
    if not KEY.fullmatch(key):
        raise _refused(
            f"Criterion {number}: a key is a small letter, then small letters, digits and _, at most "
            f"40 in all, not '{key[:60]}'."
        )
    margin = row.get("margin") or 0
    if (
        isinstance(margin, bool)
        or not isinstance(margin, (int, float))
        or not math.isfinite(margin)
    ):
        raise _refused(f"The margin of '{label}' must be a number, not {margin!r}.")
    if not 0 <= margin <= MOST_MARGIN:
        raise _refused(f"The margin of '{label}' must be 0 to {MOST_MARGIN:g}, not {margin:g}.")
    return {
        "key": key,
        "label": label,
        "help": _text(number, "help", row.get("help", ""), HELP_LENGTH),
        "margin": float(margin),
        "gate": bool(row.get("gate")),
        "retired": bool(row.get("retired")),
    }


def _text(number: int, name: str, value: object, limit: int) -> str:
    text = " ".join(str(value or "").split())
    if len(text) > limit or not text.isprintable():
        raise _refused(
            f"Criterion {number}: its {name} has at most {limit} printable characters, not {len(text)}."
        )
    return text


def _key_from(label: str, taken: set[str]) -> str:
    """Make a key that is not taken from a new criterion's label."""
    stem = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:36] or "criterion"
    stem = stem if stem[0].isalpha() else f"c_{stem}"
    names = [stem, *(f"{stem}_{n}" for n in range(2, MOST_CRITERIA + 2))]
    return next(name for name in names if name not in taken)


def _refused(reason: str) -> InvalidError:
    return InvalidError(reason, fields={"criteria": reason})
