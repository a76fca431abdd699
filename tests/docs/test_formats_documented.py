"""``docs/formats.md`` and the registries say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from annotator.exporters.formats import tracewood as writer
from annotator.exporters.registry import EXPORTERS
from annotator.importers import judgements
from annotator.importers.formats import tracewood as reader
from annotator.importers.registry import IMPORTERS
from scoring.types import TreeRecord
from tests.annotator.tree_exports import export_problem, read_rows

PAGE = (Path(__file__).parent.parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")


def section(title):
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def blocks(text):
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("key", IMPORTERS)
def test_every_importer_has_its_line(key):
    assert f"| `{key}` |" in section("Importers")


@pytest.mark.parametrize("key", sorted(IMPORTERS.keys() - {"tracewood"}))
def test_every_foreign_importer_has_its_section(key):
    assert f"\n### `{key}`\n" in section("Importers")


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_exporter_is_documented_with_its_options(key):
    (line,) = [row for row in section("Exporters").splitlines() if row.startswith(f"| `{key}` |")]
    for option in EXPORTERS[key].options:
        assert f"`{option.name}`" in line
        assert all(f"`{choice}`" in line for choice in option.choices)


@pytest.mark.parametrize("key", sorted(EXPORTERS.keys() - {"tracewood"}))
def test_every_foreign_exporter_has_its_section(key):
    assert f"\n### `{key}`\n" in section("Exporters")


def test_nothing_is_documented_that_does_not_exist():
    for title, rows in (("Importers", IMPORTERS), ("Exporters", EXPORTERS)):
        assert set(re.findall(r"^### `(\w+)`$", section(title), re.MULTILINE)) <= rows.keys()


@pytest.mark.parametrize("line", blocks(section("The `tracewood` format")))
def test_the_documented_lines_are_read(line):
    (tree,) = read_rows("tracewood", line)
    assert isinstance(tree, TreeRecord)
    assert len(tree.nodes) == len(line["steps"]["text"])


def test_the_long_example_shows_every_field_and_comes_back():
    long = blocks(section("The `tracewood` format"))[0]
    assert long.keys() == set(reader._TOP)
    assert long["steps"].keys() == set(reader._STEPS)
    assert long["labels"].keys() == set(judgements._LABELS)
    (tree,) = read_rows("tracewood", long)
    (again,) = read_rows("tracewood", writer.row(export_problem(tree, "tracewood")))
    assert again == tree
