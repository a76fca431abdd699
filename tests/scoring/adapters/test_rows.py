"""What every kind that is added must have, whatever it reads."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from scoring.errors import ModelLoadError
from scoring.registry import load_target
from scoring.reward import load
from scoring.reward.manifest import added_manifest, config_of, write_manifest
from scoring.reward.registry import ADDED, ALL, KINDS
from scoring.reward.settings import SettingError

ROWS = [pytest.param(row, id=row.key) for row in ADDED.values()]
NEEDED = {"implicit_prm": {"reference": "owner/base"}}


def config(row):
    return row.make_config({"model": "owner/name", **NEEDED.get(row.key, {})})


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_what_is_there_and_its_settings_come_back(row):
    assert callable(load_target(row.loader))
    assert row.description.endswith(".")
    made = config(row)
    manifest = json.loads(json.dumps(added_manifest(row, made)))
    assert config_of(row, manifest) == made
    assert asdict(made)["model"] == "owner/name"
    with pytest.raises(SettingError, match="model"):
        row.make_config({**NEEDED.get(row.key, {}), "model": " "})


def test_no_key_is_both_trained_and_added():
    assert len(ALL) == len(KINDS) + len(ADDED)


def test_kinds_and_their_configs_are_read_without_torch():
    code = (
        "import sys\n"
        "from scoring.reward.registry import ADDED\n"
        "[row.settings() for row in ADDED.values()]\n"
        "print([m for m in ('torch', 'transformers', 'tokenizers', 'jinja2') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("row", ROWS)
def test_settings_of_another_version_are_named(tmp_path, row):
    manifest = added_manifest(row, config(row))
    manifest["config"]["colour"] = "red"
    write_manifest(tmp_path, manifest)
    with pytest.raises(ModelLoadError, match=r"settings of this .* cannot be used.*colour"):
        load(tmp_path)
