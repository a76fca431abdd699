"""TRL preference pairs: ``prompt``, ``chosen``, ``rejected`` and, as asked, ``margin`` and details.

``form`` is one of TRL's: with an explicit prompt (what both paths share), with the prompt inside both
texts, or conversational. Which pairs there are is ``comparisons``' business.
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
    lines_by_split(problems, sink, lambda problem: pair_rows(problem, sink, options))
