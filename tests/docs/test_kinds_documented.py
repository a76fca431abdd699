"""Every kind of reward model has its page in ``docs/kinds``, with all of its own settings."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from scoring.reward.config import BaseConfig
from scoring.reward.registry import ADDED, ALL, KINDS

PAGES = Path(__file__).parents[2] / "docs" / "kinds"
SHARED = {field.name for field in fields(BaseConfig)}


def test_every_page_has_a_row_and_every_row_a_page():
    assert {page.stem for page in PAGES.glob("*.md")} == set(ALL)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in KINDS.values()])
def test_a_page_says_what_is_learnt_what_a_score_is_and_what_misleads(row):
    page = (PAGES / f"{row.key}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# `{row.key}`: ")
    for part in (
        r"\*\*Learns from\*\*",
        "Refused:",
        r"\*\*Score",
        "[Hh]eld.out",
        r"\*\*Limits\*\*",
        "Source",
    ):
        assert re.search(part, page), part


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in KINDS.values()])
def test_every_setting_of_a_kind_stands_on_its_page_or_on_that_of_the_loss_it_shares(row):
    keys = {row.key} | {other.key for other in KINDS.values() if other.target == row.target}
    if row.objective != "step_labels":
        keys.add("bradley_terry")  # every page of a kind that compares refers to it
    text = "".join((PAGES / f"{key}.md").read_text(encoding="utf-8") for key in keys)
    for spec in row.settings():
        assert spec.name in SHARED or spec.name in text, spec.name


@pytest.mark.parametrize("row", [pytest.param(row, id=row.key) for row in ADDED.values()])
def test_a_page_of_an_added_kind_says_what_it_reads_and_names_every_setting(row):
    page = (PAGES / f"{row.key}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# `{row.key}`: ")
    for part in (r"\*\*Reads\*\*", r"\*\*Score", r"\*\*Refused", r"\*\*Limits\*\*", "Source"):
        assert re.search(part, page), part
    for spec in row.settings():
        assert f"`{spec.name}`" in page, spec.name
