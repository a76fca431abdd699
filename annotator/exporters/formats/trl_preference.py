"""TRL preference pairs with an explicit prompt: ``prompt``, ``chosen``, ``rejected``, ``margin``.

Two siblings with different targets give a pair of steps, two traces with different outcomes a pair
of traces; the prompt is what both share. ``level`` and ``lca_depth`` say which kind of pair it is and
how deep the common prefix reaches. Ties are left out and counted.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from annotator.exporters.comparisons import (
    Group,
    Judged,
    below,
    depth,
    fork,
    judged_traces,
    prompt_text,
    sample,
    step_groups,
)
from annotator.exporters.writer import JsonLines, Sink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.exporters.records import ExportProblem


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one row per pair, one file per split."""
    with JsonLines(sink) as lines:
        for problem in problems:
            name = f"{problem.split}.jsonl"
            for row in rows(problem, sink, options):
                lines.write(name, row)


def rows(problem: ExportProblem, sink: Sink, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the pairs of one problem."""
    groups = step_groups(problem)
    traces = judged_traces(problem, options["outcome"])
    if len(traces) > 1:
        groups.append(Group("trace", traces))
    sink.exclude("tie", sum(group.ties for group in groups))
    groups = [group for group in groups if len(group)]
    until = list(accumulate(map(len, groups)))
    total = until[-1] if until else 0
    most = options["max_per_problem"]
    if most:
        sink.exclude("pair over the limit per problem", max(0, total - most))
    for number in sample(problem, total, most):
        at = bisect_right(until, number)
        group = groups[at]
        better, worse = group.pair(number - (until[at - 1] if at else 0))
        row = _row(problem, group.level, better, worse, options["separator"])
        if row["chosen"] == row["rejected"]:
            sink.exclude("pair of equal texts")
        elif not (row["chosen"] and row["rejected"]):
            sink.exclude("one trace is the beginning of the other")
        else:
            yield row


def _row(
    problem: ExportProblem, level: str, better: Judged, worse: Judged, separator: str
) -> dict[str, Any]:
    common = fork(problem, better.node, worse.node)
    return {
        "prompt": prompt_text(problem, common, separator),
        "chosen": below(problem, better.node, common, separator),
        "rejected": below(problem, worse.node, common, separator),
        "margin": better.value - worse.value,
        "level": level,
        "lca_depth": depth(problem, common),
        "problem_id": problem.id,
    }
