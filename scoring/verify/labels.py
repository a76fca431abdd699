"""Labels from exact checkers, for every step of a record, as a machine rater's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.types import ROOT, LabelRecord, RaterRecord
from scoring.verify import chain, game24

if TYPE_CHECKING:
    from scoring.types import TreeRecord


def arithmetic_labels(record: TreeRecord, rater: RaterRecord) -> list[LabelRecord]:
    """Label the steps of solutions of the chain that the problem's prompt tells.

    +1: the solution is right after this step; -1: it is not, be it that this step went wrong or
    that it goes on with an earlier error. A step that repairs an error is +1 and
    ``realises_error``. Steps with nothing to check get no label.
    """
    task = chain.parse(record.problem.prompt)
    stands = {ROOT: chain.Stand()}
    labels = []
    for i, node in enumerate(record.nodes):
        judged, stands[i] = chain.judge_step(task, stands[node.parent], node.text)
        if judged.rating is not None:
            labels.append(
                LabelRecord(
                    i,
                    rater,
                    judged.rating,
                    error_type=judged.error_type,
                    realises_error=judged.repairs,
                )
            )
    return labels


def game24_labels(record: TreeRecord, rater: RaterRecord) -> list[LabelRecord]:
    """Label search steps: +1 if the step is legal and 24 can still be reached after it, else -1."""
    numbers = game24.puzzle(record.problem.prompt)
    stands = {ROOT: game24.Stand(numbers)}
    labels = []
    for i, node in enumerate(record.nodes):
        judged, stands[i] = game24.judge_step(stands[node.parent], node.text)
        if judged.rating is None:
            judged = game24.judge_answer(numbers, node.text)
        if judged.rating is not None:
            labels.append(LabelRecord(i, rater, judged.rating, error_type=judged.error_type))
    return labels
