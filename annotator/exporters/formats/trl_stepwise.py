"""TRL stepwise supervision: ``prompt``, ``completions``, ``labels``.

A row is a path from the problem on which every step has a target. Shared prefixes are not repeated
for their own sake: a path is written only if no longer labelled path begins with it, so rows are the
leaves of the labelled part of the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.fragments import fragment, fragments
from annotator.exporters.records import ExportProblem, path_to
from annotator.exporters.writer import Sink, lines_by_split
from scoring.types import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one row per labelled path, one file per split."""
    hard = options["labels"] == "bool"
    lines_by_split(problems, sink, lambda problem: rows(problem, sink, hard=hard))


def rows(problem: ExportProblem, sink: Sink, *, hard: bool) -> Iterator[dict[str, Any]]:
    """Yield the rows of one problem.

    Args:
        problem: its ``targets`` are used.
        sink: counts what is left out.
        hard: true/false labels; a target of exactly 0.5 is then neither and ends the path.
    """
    ends = _labelled_leaves(problem, sink, hard=hard)
    if not ends:
        sink.exclude("problem without a labelled first step")
        return
    prompt = fragment(problem.problem.prompt)
    texts = fragments(node.text for node in problem.nodes)
    labels: Sequence[bool | float | None] = problem.targets
    if hard:
        labels = [target is not None and target > 0.5 for target in problem.targets]
    for end in ends:
        path = path_to(problem.nodes, end)
        yield {
            "prompt": prompt,
            "completions": [texts[at] for at in path],
            "labels": [labels[at] for at in path],
        }


def _labelled_leaves(problem: ExportProblem, sink: Sink, *, hard: bool) -> list[int]:
    """Return the last nodes of the paths on which every step is labelled."""
    n = len(problem.nodes)
    reached = [False] * n
    inner = [False] * n
    for at, (node, target) in enumerate(zip(problem.nodes, problem.targets, strict=False)):
        if target is None:
            continue
        if hard and target == 0.5:
            sink.exclude("step whose target 0.5 is neither true nor false")
        elif node.parent == ROOT or reached[node.parent]:
            reached[at] = True
            if node.parent != ROOT:
                inner[node.parent] = True
        else:
            sink.exclude("labelled step behind an unlabelled one")
    return [at for at in range(n) if reached[at] and not inner[at]]
