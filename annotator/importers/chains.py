"""Flat traces: a list of texts as a path, and labels for sources that mark the first error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.types import ROOT, LabelRecord, NodeRecord, OutcomeRecord, RaterRecord

if TYPE_CHECKING:
    from collections.abc import Sequence


def chain(texts: Sequence[str], start: int = 0) -> list[NodeRecord]:
    """Return ``texts`` as steps that follow one another, the first below the problem.

    Args:
        texts: at least one.
        start: position of the first step among the nodes of the record.
    """
    nodes = [NodeRecord(text, position) for position, text in enumerate(texts, start - 1)]
    nodes[0].parent = ROOT
    return nodes


def first_error_labels(
    n_steps: int, error: int | None, rater: RaterRecord, note: str = ""
) -> list[LabelRecord]:
    """Label the steps of a trace whose first error is known.

    Steps before it are right (+1), the step itself is wrong (-1); what follows was not judged by
    the source and stays without a label.

    Args:
        n_steps: steps of the trace.
        error: 0-based index of the first wrong step, None = all are right.
        rater: who judged.
        note: the reason given for the error.
    """
    if error is None:
        return [LabelRecord(node, rater, 1) for node in range(n_steps)]
    labels = [LabelRecord(node, rater, 1) for node in range(error)]
    labels.append(LabelRecord(error, rater, -1, note=note))
    return labels


def correct(value: bool | None, source: str) -> OutcomeRecord:
    """Return the outcome ``correct``; None = unknown, never 0."""
    return OutcomeRecord("correct", None if value is None else float(value), source)
