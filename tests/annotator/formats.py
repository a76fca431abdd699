"""The fixture files of the formats, one for each importer."""

from __future__ import annotations

import copy
from pathlib import Path

import orjson

FORMATS = Path(__file__).parents[1] / "data" / "formats"
SHEET = (FORMATS / "natural_pool_annotator_1.csv").read_bytes()
RESULTS = (FORMATS / "natural_pool_results.csv").read_bytes()
# A well-formed record of ``bigbench_mistake``.
GOOD = b'{"input": "1+1", "steps": ["1+1=2", "So 2."], "answer": "2", "target": "2", "mistake_index": null}'


def fixture(key: str) -> bytes:
    (path,) = FORMATS.glob(f"{key}.json*")
    return path.read_bytes()


def rows(key: str) -> list:
    data = fixture(key)
    return (
        orjson.loads(data)
        if data.startswith(b"[")
        else [orjson.loads(x) for x in data.splitlines()]
    )


def changed(key: str, position: int = 0, /, **fields) -> dict:
    """Return one row of a fixture with other values in ``fields``."""
    row: dict = copy.deepcopy(rows(key)[position])
    row.update(fields)
    return row
