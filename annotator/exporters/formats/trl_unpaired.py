"""TRL unpaired preference: ``prompt``, ``completion`` and a true/false ``label``.

Judged steps (completion = the step, prompt = everything before it) and traces with a known outcome
(completion = all steps). A value of exactly 0.5 is neither and is left out and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.comparisons import (
    Judged,
    below,
    depth,
    judged_traces,
    prompt_text,
    sample,
)
from annotator.exporters.writer import JsonLines, Sink
from scoring.types import ROOT, SOLVED_ABOVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.exporters.records import ExportProblem


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one row per judged step or trace, one file per split."""
    with JsonLines(sink) as lines:
        for problem in problems:
            name = f"{problem.split}.jsonl"
            for row in rows(problem, sink, options):
                lines.write(name, row)


def rows(problem: ExportProblem, sink: Sink, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one problem."""
    judged = [("step", item) for item in _steps(problem)]
    judged += [("trace", item) for item in judged_traces(problem, options["outcome"])]
    decided = [(level, item) for level, item in judged if item.value != SOLVED_ABOVE]
    sink.exclude("value 0.5 is neither true nor false", len(judged) - len(decided))
    most = options["max_per_problem"]
    if most:
        sink.exclude("row over the limit per problem", max(0, len(decided) - most))
    for number in sample(problem, len(decided), most):
        level, item = decided[number]
        above = problem.nodes[item.node].parent if level == "step" else ROOT
        yield {
            "prompt": prompt_text(problem, above, options["separator"]),
            "completion": below(problem, item.node, above, options["separator"]),
            "label": item.value > SOLVED_ABOVE,
            "level": level,
            "depth": depth(problem, item.node),
            "problem_id": problem.id,
        }


def _steps(problem: ExportProblem) -> Iterator[Judged]:
    for at in range(len(problem.nodes)):
        target = problem.target(at)
        if target is not None:
            yield Judged(at, target)
