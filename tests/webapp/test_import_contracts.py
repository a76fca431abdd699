"""The contracts on imports name every module that they are about, those that were added later too."""

from __future__ import annotations

import tomllib
from pathlib import Path

from annotator.services.queues.orders.registry import ORDERS

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    one["name"]: one
    for one in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}
EDGE = {"apps", "child", "pipelines", "presence", "supervisor", "tasks", "worker"}
"""What of ``scoring`` is the workers' side and may know Django."""


def test_every_part_of_the_core_is_kept_pure():
    named = CONTRACTS["The pure core knows nothing about Django, Celery or HTTP"]["source_modules"]
    there = {
        path.stem
        for path in (ROOT / "scoring").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert there >= EDGE
    core = {name.removeprefix("scoring.") for name in named if name.startswith("scoring.")}
    assert core == there - EDGE - {"__init__"}


def test_every_order_is_kept_apart_from_the_others():
    named = CONTRACTS["Orders of queues do not import one another"]["modules"]
    assert sorted(named) == sorted(row.target for row in ORDERS.values())
