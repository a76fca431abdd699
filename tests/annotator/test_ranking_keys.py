"""The keys of the ranking surfaces and of the board of a case are those that their scripts know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from annotator.views.keys import keys_of

SCRIPTS = Path(__file__).parents[2] / "static" / "js" / "ranking"


@pytest.mark.parametrize(
    ("surface", "script", "without_a_key"),
    [("ranking", "ranking.js", {"clear"}), ("adjudication", "ranking_case.js", set())],
)
def test_no_key_starts_two_actions_and_every_action_exists(surface, script, without_a_key):
    names = [name for key in keys_of(surface) for name in key["keys"]]
    assert len(names) == len(set(names))
    moves = (SCRIPTS / "ranking_moves.js").read_text().partition("get actions() {")[2]
    page = (SCRIPTS / script).read_text().partition("  actions: {")[2].partition("\n  },")[0]
    known = {
        *re.findall(r"^ {6}(\w+)[:,]", moves, re.M),
        *re.findall(r"^ {4}(\w+)[:,]", page, re.M),
    }
    # the side panel of the guidelines listens by itself
    assert known - without_a_key == {key["action"] for key in keys_of(surface)} - {"guidelines"}
