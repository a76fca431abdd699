"""What names of projects and outcomes have in common: people type, read and compare them."""

from __future__ import annotations

import unicodedata


def name_clean(name: str) -> str:
    """Return ``name`` trimmed and in NFC: what looks the same is the same."""
    return unicodedata.normalize("NFC", name).strip()


def has_invisible(name: str) -> bool:
    """Say whether a character of ``name`` controls, hides or is no text at all."""
    return any(unicodedata.category(c)[0] == "C" for c in name)


def outcome_name_fault(name: str, limit: int) -> str:
    """Say why ``name`` cannot be the name of an outcome; empty if it can."""
    if not 0 < len(name) <= limit:
        return f"Name the outcome in 1 to {limit} characters, for example 'correct'."
    if has_invisible(name):
        return "The name of an outcome cannot hold control or invisible characters."
    return ""
