"""Source slices in a ``tracewood`` line: which parts of the problem came from which record.

They let a project that was backed up as ``tracewood`` and read back still give its PRM800K lines.
The checked list travels in ``TreeRecord.meta[SLICES_META]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.importers.fields import array, check_depth, extras, filled_text, index, mapping

if TYPE_CHECKING:
    from scoring.types import TreeRecord

SLICES_META = "tracewood.sources"


def check_slices(slices: list[Any], tree: TreeRecord) -> list[dict[str, Any]]:
    """Return ``slices`` if every position in them exists in ``tree``."""
    parts = {
        "nodes": len(tree.nodes),
        "traces": len(tree.traces),
        "labels": len(tree.labels),
        "alternatives": len(tree.alternatives),
    }
    for i, item in enumerate(slices):
        path = f"sources[{i}]."
        item = mapping(item, path[:-1])
        filled_text(item, "format", path)
        filled_text(item, "key", path)
        for name, size in parts.items():
            for j, position in enumerate(array(item, name, path)):
                index(position, f"{path}{name}[{j}]", 0, size - 1)
        meta = mapping(item.get("meta", {}), f"{path}meta")
        check_depth(meta, f"{path}meta")
        extras(item, parts.keys() | {"format", "key", "meta"}, path)
    return slices
