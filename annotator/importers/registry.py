"""The importers: one file in ``formats/`` and one row here each.

``load`` is the only place that imports a format; rows are plain text for menus, docs and tests.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, cast

from scoring.registry import find_row
from scoring.types import ImportItem

Reader = Callable[[IO[bytes]], Iterator[ImportItem]]
Sniffer = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class ImporterRow:
    """What menus, docs and tests need to know about an importer without loading it.

    Attributes:
        key: stored in the database, never renamed.
        label: what a person reads in the menu.
        target: module with ``sniff(head) -> bool`` and ``read(stream) -> Iterator[ImportItem]``.
        version: raised when the mapping changes.
        records: what one record of the file is.
        suffixes: usual file endings, for the file dialog only; content decides.
        makes: what a record turns into.
    """

    key: str
    label: str
    target: str
    version: str
    records: str
    suffixes: tuple[str, ...]
    makes: str

    def load(self) -> Any:
        """Return the module behind the row."""
        return importlib.import_module(self.target)

    def read(self, stream: IO[bytes]) -> Iterator[ImportItem]:
        """Yield the records of ``stream`` in file order; never raises for bad content."""
        return cast("Reader", self.load().read)(stream)

    def sniff(self, head: bytes) -> bool:
        """Say whether the first 64 KB look like this format."""
        return cast("Sniffer", self.load().sniff)(head)


_F = "annotator.importers.formats"
JSONL = (".jsonl",)
IMPORTERS: dict[str, ImporterRow] = {
    row.key: row
    for row in (
        ImporterRow(
            "tracewood",
            "Tracewood JSONL",
            f"{_F}.tracewood",
            "2",
            "a JSONL line",
            JSONL,
            "a tree, kept as given",
        ),
        ImporterRow(
            "prm800k",
            "PRM800K",
            f"{_F}.prm800k",
            "1",
            "a JSONL line",
            JSONL,
            "a tree with human labels",
        ),
        ImporterRow(
            "math_shepherd",
            "Math-Shepherd",
            f"{_F}.math_shepherd",
            "1",
            "a JSONL line",
            JSONL,
            "a flat trace with step labels",
        ),
        ImporterRow(
            "processbench",
            "ProcessBench",
            f"{_F}.processbench",
            "1",
            "a JSONL line",
            JSONL,
            "a flat trace with its first error",
        ),
        ImporterRow(
            "trl_stepwise",
            "TRL stepwise supervision",
            f"{_F}.trl_stepwise",
            "1",
            "a JSONL line",
            JSONL,
            "a flat trace with step labels",
        ),
        ImporterRow(
            "bigbench_mistake",
            "BIG-Bench Mistake",
            f"{_F}.bigbench_mistake",
            "1",
            "a JSONL line",
            JSONL,
            "a flat trace with its first mistake",
        ),
        ImporterRow(
            "prmbench",
            "PRMBench",
            f"{_F}.prmbench",
            "1",
            "a JSONL line",
            JSONL,
            "two traces: original and modified process",
        ),
        ImporterRow(
            "mr_gsm8k",
            "MR-GSM8K evaluation results",
            f"{_F}.mr_gsm8k",
            "1",
            "an array element",
            (".json",),
            "a flat trace with its first error",
        ),
        ImporterRow(
            "gsm8k_solutions",
            "GSM8K model solutions",
            f"{_F}.gsm8k_solutions",
            "1",
            "a JSONL line",
            JSONL,
            "flat traces with outcomes",
        ),
        ImporterRow(
            "bon_candidates",
            "Best-of-n candidates",
            f"{_F}.bon_candidates",
            "1",
            "a candidate",
            (".json",),
            "a flat trace with its outcome",
        ),
        ImporterRow(
            "prm_step_scores",
            "PRM step scores",
            f"{_F}.prm_step_scores",
            "1",
            "a JSONL line",
            JSONL,
            "scores for imported candidates",
        ),
        ImporterRow(
            "tot_game24",
            "Tree of Thoughts, Game of 24",
            f"{_F}.tot_game24",
            "1",
            "a puzzle",
            (".json",),
            "a search tree, kept as given",
        ),
        ImporterRow(
            "openr_tree",
            "openr OmegaPRM tree",
            f"{_F}.openr_tree",
            "1",
            "a JSONL line (one tree)",
            JSONL,
            "a search tree, kept as given",
        ),
        ImporterRow(
            "fine_grained_rlhf",
            "Fine-Grained RLHF feedback",
            f"{_F}.fine_grained_rlhf",
            "1",
            "an array element",
            (".json",),
            "four flat traces, their ranking, and labelled sentences",
        ),
        ImporterRow(
            "pandalm",
            "PandaLM test set",
            f"{_F}.pandalm",
            "1",
            "an array element",
            (".json",),
            "two flat traces and three raters' rankings",
        ),
        ImporterRow(
            "natural_pool",
            "StrictPRMBench natural pool",
            f"{_F}.natural_pool",
            "1",
            "a card, or a row of a rating sheet",
            (".jsonl", ".csv"),
            "two flat traces; rankings of imported cards by criterion",
        ),
    )
}


def importer(key: str) -> ImporterRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known formats.
    """
    return find_row(IMPORTERS, "import format", key)
