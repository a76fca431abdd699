"""Snapshots and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

if TYPE_CHECKING:
    from annotator.models import Export, Snapshot

# What a snapshot counts that came with the data.
IMPORTED_COUNTS = frozenset({"problems", "traces", "steps"})


def snapshot_shape(snapshot: Snapshot, *, with_labels: bool = True) -> dict[str, Any]:
    """Return a snapshot; ``project`` is loaded. How much everybody judged is for reviewers."""
    counts = snapshot.counts
    if not with_labels:
        counts = {name: n for name, n in counts.items() if name in IMPORTED_COUNTS}
    return {
        "id": snapshot.pk,
        "project": snapshot.project.name,
        "name": snapshot.name,
        "rules": snapshot.rules,
        "filter": snapshot.filter,
        "hash": snapshot.hash,
        "counts": counts,
        "created": snapshot.created,
    }


def export_shape(export: Export, *, with_excluded: bool = True) -> dict[str, Any]:
    """Return an export with addresses of its files; ``project`` is loaded.

    What was left out says how people judged: it is for reviewers.
    """
    return {
        "id": export.pk,
        "project": export.project.name,
        "format": export.format,
        "snapshot": export.snapshot_id,
        "options": export.options,
        "rows": export.rows,
        "excluded": export.excluded if with_excluded else {},
        "files": [
            {
                "path": entry["path"],
                "rows": entry.get("rows", 0),
                "sha256": entry["sha256"],
                "url": reverse("api:export-file", args=[export.pk, entry["path"]]),
            }
            for entry in export.files
        ],
        "created": export.created,
    }
