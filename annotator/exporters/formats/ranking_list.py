"""Rankings as lists: one row per ranking or final decision, nothing turned into pairs.

``tiers``, ``aside`` and ``failed`` are positions in ``items``, which stand in the order in which they
were shown where that is known. Raters are never merged: ``rater`` tells them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.comparisons import Ends, prompt_text, steps_text
from annotator.exporters.ranked import ranking_of
from annotator.exporters.records import path_to
from annotator.exporters.writer import Sink, lines_by_split
from scoring.types import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.exporters.records import ExportProblem
    from scoring.types import RankingRecord


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one row per ranking, one file per split."""
    lines_by_split(problems, sink, lambda problem: rows(problem, sink, options["separator"]))


def rows(problem: ExportProblem, sink: Sink, separator: str) -> Iterator[dict[str, Any]]:
    """Yield the rankings of one problem, final decisions last."""
    final = [ranking_of(row) for row in problem.adjudications if row.of_ranking]
    if not (problem.rankings or final):
        return
    ends = Ends(problem)
    for at, ranking in enumerate([*problem.rankings, *final]):
        adjudicated = at >= len(problem.rankings)
        sink.count_level(ranking.level)
        yield _row(problem, ranking, ends, separator) | {"adjudicated": adjudicated}


def _row(
    problem: ExportProblem, ranking: RankingRecord, ends: Ends, separator: str
) -> dict[str, Any]:
    above = [] if ranking.parent == ROOT else path_to(problem.nodes, ranking.parent)
    items = ranking.items
    place = {item: at for at, item in enumerate(items)}
    texts = []
    for item in items:
        path = path_to(problem.nodes, ends.of(ranking.level, item))
        texts.append(steps_text(problem, path[len(above) :], separator))
    scores = ranking.scores or {}
    return {
        "prompt": prompt_text(problem, above, separator),
        "items": texts,
        "tiers": [[place[item] for item in tier] for tier in ranking.tiers],
        "aside": [place[item] for item in ranking.aside],
        "failed": [place[item] for item in ranking.failed],
        "scores": [scores.get(item) for item in items],
        "level": ranking.level,
        "criterion": ranking.criterion or "overall",
        "rater": ranking.rater.name,
        "rater_kind": ranking.rater.kind,
        "rater_version": ranking.rater.version,
        "depth": len(above),
        "problem_id": problem.id,
    }
