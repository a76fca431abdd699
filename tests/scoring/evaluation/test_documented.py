"""``docs/evaluation.md`` has a section for every suite and distance, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.evaluation import DISTANCES, SUITES
from scoring.evaluation.aggregate import AGGREGATIONS

PAGE = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8")
SECTIONS = {
    match[1]: match[0]
    for match in re.finditer(r"^### `(\w+)` — .*?(?=^#{1,3} |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
ROWS = {**SUITES, **DISTANCES}


def test_every_section_has_a_row_and_every_row_a_section():
    assert set(SECTIONS) == set(ROWS)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in ROWS.values()])
def test_a_suite_says_what_it_needs_its_source_and_when_it_has_no_value(row):
    section = SECTIONS[row.key]
    assert f"— {row.label}" in section
    for heading in ("**Needs**", "**Undefined**", "**Verified**", "**Source**"):
        assert heading in section
    needs = section.split("**Needs**", 1)[1].split("**", 1)[0]
    assert all(f"`{need}`" in needs for need in row.needs)


def test_every_aggregation_is_named():
    assert all(f"`{key}`" in PAGE for key in ("score", *AGGREGATIONS))
