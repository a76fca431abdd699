"""The keys of the ranking surfaces: ``static/js/ranking_keys.json`` drives page, dialog and docs."""

from __future__ import annotations

import json

from annotator.views.workbench.keys import KEYS_FILE, shown

RANKING_KEYS: list[dict[str, object]] = json.loads(
    KEYS_FILE.with_name("ranking_keys.json").read_text(encoding="utf-8")
)


def ranking_keys_shown() -> list[dict[str, object]]:
    """Return the table for the help dialog."""
    return keys_shown(RANKING_KEYS)


def keys_shown(keys: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return rows of a table with their keys as they are printed."""
    return [{**key, "shown": _shown(key)} for key in keys]


def ranking_keys_markdown() -> str:
    """Return the table of ``docs/keyboard.md``."""
    lines = ["| Keys | What they do |", "|---|---|"]
    for key in RANKING_KEYS:
        names = " or ".join(f"`{name}`" for name in _shown(key))
        lines.append(f"| {names} | {key['label']} |")
    return "\n".join(lines)


def _shown(key: dict[str, object]) -> list[str]:
    """Return the keys of a line as they are printed; ten digits are shown as a range."""
    names = key["keys"]
    if not isinstance(names, list) or key["action"] == "rank":
        return ["1–9", "0"]
    return [shown(str(name)).replace("Shift+", "Shift ") for name in names]
