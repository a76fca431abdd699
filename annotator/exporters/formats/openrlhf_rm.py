"""OpenRLHF reward-model pairs: ``prompt``, ``chosen``, ``rejected``, ``margin``.

Texts, or messages for ``--apply_chat_template``; the columns have the names of its default flags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.pair_rows import pair_rows
from annotator.exporters.writer import Sink, lines_by_split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.exporters.records import ExportProblem


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one row per pair, one file per split."""
    form = "conversational" if options["form"] == "chat" else "explicit"
    chosen = {**options, "form": form, "margin": "yes"}
    lines_by_split(problems, sink, lambda problem: pair_rows(problem, sink, chosen))
