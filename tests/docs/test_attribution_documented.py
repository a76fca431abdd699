"""``docs/attribution.md`` has a section for every method and a row for every signal and check, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.attribution import METHODS
from scoring.attribution.signals import SIGNALS

PAGE = (Path(__file__).parents[2] / "docs" / "attribution.md").read_text(encoding="utf-8")
SECTIONS = {
    match[1]: match[0]
    for match in re.finditer(r"^## `(\w+)` — .*?(?=^#{1,2} |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


def rows_of(title):
    section = PAGE.split(f"\n# {title}\n")[1].split("\n# ")[0]
    return {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` .*$", section, re.MULTILINE)}


def test_every_section_has_a_row_and_every_row_a_section():
    assert set(SECTIONS) == set(METHODS)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in METHODS.values()])
def test_a_method_says_what_it_needs_costs_and_when_it_misleads(row):
    section = SECTIONS[row.key]
    assert f"— {row.label}\n" in section
    for heading in ("**Needs**", "**Cost**", "**Adds up**", "**Misleads**", "**Source**"):
        assert heading in section
    assert f"**Confidence** {row.confidence}" in section
    for param in row.params:
        assert f"`{param.name}`" in section


def test_every_signal_has_its_row_with_its_edges_and_confidence():
    rows = rows_of("Signals")
    assert set(rows) == set(SIGNALS)
    for key, row in SIGNALS.items():
        assert rows[key].endswith(f"| {row.confidence} |")


def test_every_check_of_a_card_has_its_row():
    assert set(rows_of("Can a method be believed?")) == {
        *("completeness", "deletion", "insertion", "randomised"),
        "planted_sign",
        *("planted_additive", "planted_interaction", "planted_position", "planted_length"),
        *("trend_position", "trend_length"),
    }


def test_what_failed_is_said():
    for name in ("gradient × input", "attention rollout"):
        assert f"**{name}**" in PAGE
