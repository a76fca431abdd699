"""``docs/rankings.md`` names every model of strength and every kind of contradiction."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from scoring.preference.aggregate import PRIOR_SD
from scoring.preference.consistency import KINDS
from scoring.preference.data import MAX_STRENGTHS
from scoring.preference.registry import STRENGTHS
from scoring.preference.types import DEFAULT_CRITERIA, MAX_ITEMS, MIN_ITEMS

PAGE = (Path(__file__).parents[2] / "docs" / "rankings.md").read_text(encoding="utf-8")


def keys_of(title):
    section = re.split(rf"^## {title}\n", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_every_model_has_a_line_and_every_line_a_model():
    assert keys_of("Strengths from several people's rankings") == set(STRENGTHS)


def test_every_contradiction_has_a_line_and_every_line_a_contradiction():
    assert keys_of("Contradictions") == set(KINDS)


def test_the_numbers_told_are_those_of_the_code():
    flat = " ".join(PAGE.split())
    assert f"fewer than {MIN_ITEMS} or more than {MAX_ITEMS} items" in flat
    assert f"`prior_sd` = {PRIOR_SD:g} on every" in flat
    assert f"standard deviation of {PRIOR_SD * np.sqrt(2):.1f} in log-odds" in flat
    assert f"At most {MAX_STRENGTHS:,} items" in flat
    assert " > ".join(c.key for c in DEFAULT_CRITERIA) in flat


def test_the_example_runs_as_shown():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(code, names)
    order = names["rater_order"](DEFAULT_CRITERIA, [names["record"]]).order
    assert order.tiers == ((8,), (7, 9))
    assert [item.item for item in names["result"].items] == [8, 7, 9]
    assert names["result"].notes
