"""The table of keys: ``static/js/keys.json`` drives the pages, their help dialogs and the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NotRequired, TypedDict

KEYS_FILE = Path(__file__).parents[2] / "static" / "js" / "keys.json"


class Key(TypedDict):
    """One line of the table: the action, the keys that start it, and what a person reads.

    ``on`` names the surfaces that know the action; within a surface no key means two things.
    ``opens`` says that a field or a dialog follows, for which further keys wait.
    """

    action: str
    keys: list[str]
    group: str
    label: str
    on: list[str]
    opens: NotRequired[bool]


KEYS: list[Key] = json.loads(KEYS_FILE.read_text(encoding="utf-8"))

SHOWN = {
    "ArrowDown": "↓",
    "ArrowUp": "↑",
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "Shift+ArrowDown": "Shift ↓",
    "Shift+ArrowUp": "Shift ↑",
    "Shift+Tab": "Shift Tab",
    "Control+z": "Ctrl Z",
    "Control+Shift+z": "Ctrl Shift Z",
    "Escape": "Esc",
}
DIGITS = list("123456789")


def shown(key: Key) -> list[str]:
    """Return the keys of a line as they are printed on a keyboard; nine digits as a range."""
    names = key["keys"]
    if names[: len(DIGITS)] == DIGITS:
        names = ["1–9", *names[len(DIGITS) :]]
    return [SHOWN.get(name, name) for name in names]


def keys_of(surface: str) -> list[Key]:
    """Return the lines of one surface."""
    return [key for key in KEYS if surface in key["on"]]


def keys_shown(surface: str) -> list[dict[str, object]]:
    """Return a surface's table for its help dialog."""
    return [{**key, "shown": shown(key)} for key in keys_of(surface)]


def keys_markdown() -> str:
    """Return the tables of ``docs/keyboard.md``."""
    lines: list[str] = []
    for group in dict.fromkeys(key["group"] for key in KEYS):
        lines += [f"## {group}", "", "| Keys | What they do | Where |", "|---|---|---|"]
        for key in KEYS:
            if key["group"] == group:
                names = " or ".join(f"`{name}`" for name in shown(key))
                lines.append(f"| {names} | {key['label']} | {', '.join(key['on'])} |")
        lines.append("")
    return "\n".join(lines)
