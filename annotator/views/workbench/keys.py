"""The table of keys: ``static/js/keys.json`` drives the page, the help dialog and the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

KEYS_FILE = Path(__file__).parents[3] / "static" / "js" / "keys.json"


class Key(TypedDict):
    """One line of the table: the action, the keys that start it, and what a person reads."""

    action: str
    keys: list[str]
    group: str
    label: str


KEYS: list[Key] = json.loads(KEYS_FILE.read_text(encoding="utf-8"))

SHOWN = {
    "ArrowDown": "↓",
    "ArrowUp": "↑",
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "Control+z": "Ctrl Z",
    "Control+Shift+z": "Ctrl Shift Z",
    "Escape": "Esc",
}


def shown(key: str) -> str:
    """Return a key as it is printed on a keyboard."""
    return SHOWN.get(key, key)


def keys_shown() -> list[dict[str, object]]:
    """Return the table for the help dialog."""
    return [{**key, "shown": [shown(name) for name in key["keys"]]} for key in KEYS]


def keys_markdown() -> str:
    """Return the tables of ``docs/keyboard.md``."""
    lines: list[str] = []
    for group in dict.fromkeys(key["group"] for key in KEYS):
        lines += [f"## {group}", "", "| Keys | What they do |", "|---|---|"]
        for key in KEYS:
            if key["group"] == group:
                names = " or ".join(f"`{shown(name)}`" for name in key["keys"])
                lines.append(f"| {names} | {key['label']} |")
        lines.append("")
    return "\n".join(lines)
