"""The dataset card: front matter for the Hub, and a page on which untrusted text is only text."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CARD = "README.md"
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:@^=])")
_LONGEST = 200

MEANING = {
    "steps": "One row per step; `parent` is the row number of the step before it within the "
    "problem, -1 = the problem. `target` is the aggregated label in [0, 1], `rating` -1, 0 or +1; "
    "null = none under the snapshot's rules: nobody judged the step, or the raters were unsure, tied "
    "or left out.",
    "traces": "One row per trace; `end` is its last step. `correct` is null where unknown.",
    "labels": "One row per label as it was given; `rater_kind` is person, imported, machine or "
    "model.",
}

ABOUT = (
    "Exported by Tracewood. Splits are by problem: no tree is in two splits. `manifest.json` beside "
    "this page names the snapshot, its hash and the rules by which labels became targets (aggregation, "
    "neutral ratings, which kinds of raters), and counts what was left out."
)


@dataclass(frozen=True, slots=True)
class TableInfo:
    """What the card says about a table.

    Attributes:
        name: also the folder of its files and its config.
        types: column to feature type.
        splits: split to (rows, bytes in memory).
    """

    name: str
    types: dict[str, str]
    splits: dict[str, tuple[int, int]]


def inert(text: str) -> str:
    """Return ``text`` so that Markdown and HTML show it and do nothing else with it."""
    line = " ".join(text.split())[:_LONGEST]
    return _PUNCTUATION.sub(r"\\\1", html.escape(line, quote=False))


def card(project: str, tables: Sequence[TableInfo]) -> str:
    """Return the card of an export in tables."""
    tables = [table for table in tables if table.splits]
    return f"---\n{_front_matter(project, tables)}---\n\n{_page(project, tables)}"


def lines_card(project: str, label: str, row: str, splits: Mapping[str, str]) -> str:
    """Return the card of an export in JSON lines.

    Without it ``datasets`` would guess what in the folder is data, and take the manifest for a row.

    Args:
        project: name of the project, untrusted.
        label: of the format.
        row: what one row is.
        splits: path of each data file to the split that it is.
    """
    lines = _heading(project)
    if splits:
        lines += ["configs:", "- config_name: default", "  data_files:"]
    lines += [f"  - {{split: {split}, path: {path}}}" for path, split in splits.items()]
    page = [_title(project), f"{label}: one row is {row}. {ABOUT}"]
    return "---\n" + "\n".join(lines) + "\n---\n\n" + "\n\n".join(page) + "\n"


def _heading(project: str) -> list[str]:
    """Begin the YAML, by hand: every text in it is a JSON string, which YAML reads as text."""
    title = json.dumps(" ".join(project.split())[:_LONGEST])
    return [f"pretty_name: {title}", "tags: [process-reward-model, step-labels, tracewood]"]


def _title(project: str) -> str:
    return f"# {inert(project) or 'Reasoning trees'}"


def _front_matter(project: str, tables: Sequence[TableInfo]) -> str:
    lines = _heading(project)
    if tables:
        lines.append("configs:")
    for table in tables:
        default = "  default: true\n" if table.name == "steps" else ""
        files = [
            f"  - {{split: {split}, path: {table.name}/{split}-*.parquet}}"
            for split in table.splits
        ]
        lines.append(f"- config_name: {table.name}\n{default}  data_files:\n" + "\n".join(files))
    if tables:
        lines.append("dataset_info:")
    for table in tables:
        features = [f"  - {{name: {name}, dtype: {kind}}}" for name, kind in table.types.items()]
        splits = [
            f"  - {{name: {split}, num_bytes: {size}, num_examples: {rows}}}"
            for split, (rows, size) in table.splits.items()
        ]
        lines.append(
            "\n".join(
                [f"- config_name: {table.name}", "  features:", *features, "  splits:", *splits]
            )
        )
    return "\n".join(lines) + "\n"


def _page(project: str, tables: Sequence[TableInfo]) -> str:
    parts = [_title(project), f"Reasoning trees with step labels. {ABOUT}"]
    for table in tables:
        counts = ", ".join(f"{rows:,} in {split}" for split, (rows, _) in table.splits.items())
        columns = ", ".join(f"`{name}`" for name in table.types)
        parts.append(
            f"## {table.name}\n\n{MEANING[table.name]}\n\nRows: {counts}.\n\nColumns: {columns}."
        )
    return "\n\n".join(parts) + "\n"
