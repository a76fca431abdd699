"""Records from the rows of published benchmarks and from labelled trees; scores are added later.

Index bases differ between benchmarks (ProcessBench counts steps from 0, PRMBench from 1) and so do the
rules of what counts: they are applied here, once.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.evaluation.records import NONE_WRONG, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scoring.evaluation.records import Floats, Ints
    from scoring.tree import Tree

SEEDS_ORIGINALS = "redundency"  # spelt so upstream


def of_processbench(rows: Iterable[Mapping[str, Any]], split: str) -> Iterator[Record]:
    """Yield the solutions of one split; solutions of one problem share it by its text."""
    for row in rows:
        yield Record(
            id=str(row["id"]),
            problem=sha256(row["problem"].encode()).hexdigest()[:16],
            split=split,
            first_error=int(row["label"]),
            correct=bool(row["final_answer_correct"]),
            steps=tuple(row["steps"]),
        )


def of_prmbench(rows: Iterable[Mapping[str, Any]]) -> Iterator[Record]:
    """Yield the changed solutions, and the untouched ones of the class that upstream takes them from.

    As upstream, a class and idx that came before is skipped, and an error step beyond the last step
    is ignored (there are such rows).
    """
    seen: set[str] = set()
    for row in rows:
        kind, idx = str(row["classification"]), str(row["idx"])
        found = [_prmbench(f"{kind}_{idx}", idx, kind, row["modified_process"], row["error_steps"])]
        if kind == SEEDS_ORIGINALS:
            found.append(_prmbench(f"correct_{idx}", idx, "correct", row["original_process"], ()))
        for record in found:
            if record.id not in seen:
                seen.add(record.id)
                yield record


def of_rewardbench2(rows: Iterable[Mapping[str, Any]]) -> Iterator[Record]:
    """Yield the answers of RewardBench 2, or of any rows with ``chosen`` and ``rejected`` lists.

    Both questions of a pair of Ties, ``ref:17`` and ``tied:17``, are one problem.
    """
    for row in rows:
        name, subset = str(row["id"]), str(row.get("subset", ""))
        question = name.partition(":")[2] or name
        answers = [(text, True) for text in row["chosen"]]
        answers += [(text, False) for text in row["rejected"]]
        for at, (text, right) in enumerate(answers):
            yield Record(
                id=f"{subset}/{name}/{at:03d}",
                problem=f"{subset}/{question}",
                group=name,
                split=subset,
                correct=right,
                steps=(text,),
            )


def of_tree(
    problem: str, tree: Tree, step_scores: Floats, targets: Floats, *, once: bool = True
) -> Iterator[Record]:
    """Yield the traces of a tree in their order.

    Args:
        problem: name of the problem.
        tree: N nodes.
        step_scores: ``(N,)`` by the model, NaN = not scored.
        targets: ``(N,)`` labels of steps in [0, 1], NaN = none.
        once: label a step that traces share on the first of them only, so that it counts once;
            without it every trace has all labels of its steps, for suites that count traces.
    """
    told = np.zeros(len(tree), dtype=bool)
    names = np.array([str(name) for name in tree.ids], dtype=object)
    for at, (path, outcome) in enumerate(zip(tree.paths(), tree.outcomes, strict=True)):
        labels = targets[path]
        judged = np.flatnonzero(~np.isnan(labels))
        wrong = judged[labels[judged] < 0.5]
        record = Record(
            id=f"{problem}/{at:06d}",
            problem=problem,
            step_scores=np.asarray(step_scores[path], np.float64),
            step_labels=np.where(told[path], np.nan, labels) if once else labels,
            correct=None if np.isnan(outcome) else bool(outcome > 0.5),
            gold=float(outcome),
            path=tuple(names[path]),
            steps=tuple(str(text) for text in tree.text[path]),
        )
        told[path] = True
        if len(judged) and np.array_equal(judged, np.arange(len(judged))):
            yield _with_first_error(record, wrong, complete=len(judged) == len(path))
        else:
            yield record


def _with_first_error(record: Record, wrong: Ints, *, complete: bool) -> Record:
    """Add the first error of a trace judged from its start up to it, or to the end without one."""
    if len(wrong):
        return replace(record, first_error=int(wrong[0]))
    return replace(record, first_error=NONE_WRONG) if complete else record


def _prmbench(
    name: str, problem: str, kind: str, steps: Iterable[str], errors: Iterable[int]
) -> Record:
    texts = tuple(steps)
    labels = np.ones(len(texts))
    labels[[error - 1 for error in errors if 1 <= error <= len(texts)]] = 0.0
    return Record(
        id=name,
        problem=problem,
        split=kind,
        step_labels=labels,
        original=f"correct_{problem}",
        steps=texts,
    )
