"""One table of keys for the ranking page, its dialog, its script and the docs."""

from __future__ import annotations

import re
from pathlib import Path

from annotator.views.ranking.keys import RANKING_KEYS, ranking_keys_markdown

ROOT = Path(__file__).parents[2]


def test_the_docs_have_the_table():
    assert ranking_keys_markdown() in (ROOT / "docs" / "keyboard.md").read_text(encoding="utf-8")


def test_no_key_starts_two_actions_and_every_action_exists():
    names = [name for key in RANKING_KEYS for name in key["keys"]]
    assert len(names) == len(set(names))
    scripts = ROOT / "static" / "js"
    moves = (scripts / "ranking_moves.js").read_text().partition("get actions() {")[2]
    page = (scripts / "ranking.js").read_text().partition("  actions: {")[2].partition("\n  },")[0]
    known = {
        *re.findall(r"^ {6}(\w+)[:,]", moves, re.M),
        *re.findall(r"^ {4}(\w+)[:,]", page, re.M),
    }
    # the side panel of the guidelines listens by itself, "clear" is a button without a key
    assert known - {"clear"} == {key["action"] for key in RANKING_KEYS} - {"guidelines"}
