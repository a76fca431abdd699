"""The libraries under static/vendor are exactly the ones written down, maps and stray files excluded."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "static" / "vendor"
ROW = re.compile(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)


def written_hashes() -> dict[str, str]:
    return dict(ROW.findall((VENDOR / "VENDORED.md").read_text()))


def shipped_hashes() -> dict[str, str]:
    files = (path for path in VENDOR.rglob("*") if path.is_file())
    return {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name not in {"VENDORED.md", "LICENSE"}
    }


def test_every_vendored_file_has_its_written_hash():
    assert shipped_hashes() == written_hashes()


def test_every_library_brings_its_licence():
    folders = [path for path in VENDOR.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE").stat().st_size > 200


def test_no_vendored_text_points_to_a_source_map():
    for path in VENDOR.rglob("*.*s*"):
        if path.suffix in {".js", ".css"}:
            assert "sourceMappingURL" not in path.read_text()


def test_stylesheets_name_only_fonts_that_are_there():
    css = VENDOR / "katex" / "katex.min.css"
    named = set(re.findall(r"url\(([^)]+)\)", css.read_text()))
    assert named
    assert all((css.parent / name).is_file() for name in named)
