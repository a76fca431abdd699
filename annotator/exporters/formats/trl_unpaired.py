"""TRL unpaired preference: ``prompt``, ``completion`` and a true/false ``label``.

Judged steps (completion = the step, prompt = everything before it) and traces with a known outcome
(completion = all steps). In a conversation the assistant's turn is the path up to and with the step.
A value of exactly 0.5 is neither true nor false and is left out and counted. Where a step and a trace
would be the same text (the last step of a conversation, a trace of one step), the step's judgement
stands and the trace is counted: one text must not be true and false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.exporters.comparisons import (
    judged_steps,
    judged_traces,
    prompt_text,
    sampled,
    steps_text,
)
from annotator.exporters.options import EVERY_LEVEL
from annotator.exporters.pair_rows import messages
from annotator.exporters.records import path_to
from annotator.exporters.writer import Sink, lines_by_split
from scoring.types import ROOT, SOLVED_ABOVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.exporters.records import ExportProblem


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one row per judged step or trace, one file per split."""
    lines_by_split(problems, sink, lambda problem: rows(problem, sink, options))


def rows(problem: ExportProblem, sink: Sink, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one problem."""
    wanted = options["level"]
    judged = []
    if wanted in (EVERY_LEVEL, "step"):
        judged += [("step", item) for item in judged_steps(problem)]
    if wanted in (EVERY_LEVEL, "trace"):
        judged += [("trace", item) for item in judged_traces(problem, options["outcome"])]
    known = [(level, item) for level, item in judged if item.value != SOLVED_ABOVE]
    sink.exclude("value 0.5 is neither true nor false", len(judged) - len(known))
    talk = options["form"] == "conversational"
    steps = {item.node for level, item in known if level == "step"}
    steps = {at for at in steps if talk or problem.nodes[at].parent == ROOT}
    decided = [(level, item) for level, item in known if level == "step" or item.node not in steps]
    sink.exclude("trace whose text is a judged step's", len(known) - len(decided))
    between = options["separator"]
    for level, item in sampled(problem, decided, options, sink, "row"):
        path = path_to(problem.nodes, item.node)
        above = len(path) - 1 if level == "step" else 0
        row: dict[str, Any]
        if talk:
            row = {
                "prompt": messages("user", problem.problem.prompt),
                "completion": messages("assistant", steps_text(problem, path, between)),
            }
        else:
            row = {
                "prompt": prompt_text(problem, path[:above], between),
                "completion": steps_text(problem, path[above:], between),
            }
        row["label"] = item.value > SOLVED_ABOVE
        if options["details"] == "yes":
            row |= {"level": level, "depth": len(path), "problem_id": problem.id}
        sink.count_level(level)
        yield row
