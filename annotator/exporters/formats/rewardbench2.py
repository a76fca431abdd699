"""RewardBench 2 rows: a prompt, right answers and wrong ones.

``best_of``: one row per problem with one right trace and ``rejected`` wrong ones, which is what the
benchmark scores (its own has three). ``ties``: problems with several right answers that differ, as two
rows, ``tied:<n>`` with all of them and ``ref:<n>`` with one. Right and wrong follow from the outcome or,
with ``by`` = ranking, from rankings of traces: right are those that lose to none and win against one,
wrong those that lose to every right one.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Any

from annotator.exporters.comparisons import judged_traces, steps_text
from annotator.exporters.ranked import decided_pairs
from annotator.exporters.records import path_to
from annotator.exporters.writer import Sink, lines_by_split
from scoring.types import SOLVED_ABOVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from annotator.exporters.records import ExportProblem

TIES = "Ties"
Answer = tuple[str, str]
"""Text of a trace and the model it comes from."""


def write(problems: Iterator[ExportProblem], sink: Sink, options: dict[str, Any]) -> None:
    """Write one row per problem (two of ties), one file per split."""
    lines_by_split(problems, sink, lambda problem: rows(problem, sink, options))
    sink.report.levels["trace"] = sink.report.rows


def rows(problem: ExportProblem, sink: Sink, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one problem."""
    ranked = options["by"] == "ranking"
    right, wrong = _by_ranking(problem) if ranked else _by_outcome(problem, options["outcome"])
    good, bad = (_answers(problem, traces, options["separator"]) for traces in (right, wrong))
    contested = {text for text, _ in good} & {text for text, _ in bad}
    sink.exclude("equal answers judged right and wrong", len(contested))
    good, bad = ([a for a in answers if a[0] not in contested] for answers in (good, bad))
    digest = blake2b(problem.id.encode(), digest_size=6).digest()
    random = Random(int.from_bytes(digest))  # noqa: S311 - repeatable on purpose
    if not good or not bad:
        sink.exclude("problem without both right and wrong answers")
    elif options["kind"] == "ties":
        if len(good) < 2:
            sink.exclude("problem with one right answer only")
            return
        number = int.from_bytes(digest)
        yield _row(problem, f"tied:{number}", good, bad, TIES)
        yield _row(problem, f"ref:{number}", [random.choice(good)], bad, TIES)
    elif len(bad) < options["rejected"]:
        sink.exclude("problem with too few wrong answers")
    else:
        chosen = random.choice(good)
        rejected = [bad[at] for at in sorted(random.sample(range(len(bad)), options["rejected"]))]
        yield _row(problem, problem.id, [chosen], rejected, options["subset"])


def _row(
    problem: ExportProblem, key: str, good: Sequence[Answer], bad: Sequence[Answer], subset: str
) -> dict[str, Any]:
    return {
        "id": key,
        "prompt": problem.problem.prompt,
        "chosen": [text for text, _ in good],
        "rejected": [text for text, _ in bad],
        "num_correct": len(good),
        "num_incorrect": len(bad),
        "total_completions": len(good) + len(bad),
        "subset": subset,
        "models": [model for _, model in (*good, *bad)],
    }


def _answers(problem: ExportProblem, traces: Sequence[int], separator: str) -> list[Answer]:
    """Return the different texts of traces, each with the model of its first trace."""
    found: dict[str, str] = {}
    for at in traces:
        trace = problem.traces[at]
        text = steps_text(problem, path_to(problem.nodes, trace.end), separator)
        found.setdefault(text, trace.model or "unknown")
    return list(found.items())


def _by_outcome(problem: ExportProblem, outcome: str) -> tuple[list[int], list[int]]:
    judged = judged_traces(problem, outcome)
    right = [item.item for item in judged if item.value > SOLVED_ABOVE]
    return right, [item.item for item in judged if item.value < SOLVED_ABOVE]


def _by_ranking(problem: ExportProblem) -> tuple[list[int], list[int]]:
    decided, _ = decided_pairs(problem)
    wins = {
        (answer.winner, answer.loser)
        for (level, _, _), answer in decided.items()
        if level == "trace" and answer.said == "win"
    }
    losers = {loser for _, loser in wins}
    right = sorted({winner for winner, _ in wins} - losers)
    return right, [at for at in sorted(losers) if all((winner, at) in wins for winner in right)]
