"""``docs/methods.md`` has a section for every registered method and checker, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.credit import METHODS
from scoring.credit.inputs import INPUTS
from scoring.verify import CHECKERS

PAGE = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")
SECTIONS = {
    match[1]: match[0]
    for match in re.finditer(r"^## `(\w+)` — .*?(?=^#{1,2} |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


def test_every_section_has_a_row_and_every_row_a_section():
    assert set(SECTIONS) == set(METHODS) | set(CHECKERS)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in METHODS.values()])
def test_a_method_says_what_it_needs_costs_and_when_it_misleads(row):
    section = SECTIONS[row.key]
    assert f"— {row.label}" in section
    for heading in ("**Needs**", "**Cost**", "**Misleads**", "**Source**"):
        assert heading in section
    assert f"**Confidence** {row.confidence}" in section
    for param in row.params:
        assert f"`{param.name}`" in section


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in CHECKERS.values()])
def test_a_checker_says_what_its_labels_mean(row):
    assert f"— {row.label}" in SECTIONS[row.key]
    assert "**+1**" in SECTIONS[row.key]
    assert "**−1**" in SECTIONS[row.key]


def test_every_input_is_in_the_table_of_columns():
    table = PAGE.split("## Columns", 1)[1].split("\n## ", 1)[0]
    for name in set(INPUTS) - {"outcome"}:
        assert f"`{name}`" in table
