"""``docs/queues.md`` has a row for every order of queues, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from annotator.services.queues.orders.registry import ORDERS

PAGE = (Path(__file__).parents[2] / "docs" / "queues.md").read_text(encoding="utf-8")


def test_the_table_names_every_order():
    table = PAGE.split("## Orders")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(ORDERS)
