"""TP-GRPO: thoughts, which are neighbouring steps of equal label, rewarded beside the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.credit.cells import credit_by_cell
from scoring.credit.columns import missing_steps, ratings, step_scores
from scoring.credit.groups import below, group, notes_with_rest
from scoring.credit.traces import solved, standardise

if TYPE_CHECKING:
    from scoring.credit.base import Credit
    from scoring.credit.cells import Cells
    from scoring.tree import FloatArray, Tree

MATCHES = (
    "on failed traces a label is read as in the paper: the step matches the wrong answer; "
    "labels that say whether a step is right are read wrongly this way"
)
CORRECTNESS = (
    "on failed traces a wrong step counts as one that matches the wrong answer, a right step as one "
    "that does not (our reading; the paper asks there whether a step matches)"
)
OPEN = "the paper's propositions do not cover them"
UNUSED = "'failed' is not used with scores: their sign says on every trace whether a step is right"


def credit(
    tree: Tree, *, labels: str, failed: str, alpha: float, ddof: int, eps: float, single: str
) -> Credit:
    """Return what the rewards of the thoughts from each step on and the outcome come to.

    With ``ô_i`` the standardised outcome and ``r_c = alpha · share of solved traces``: on a solved
    trace ``ô_i`` for a correct step and ``ô_i − r_c`` for an incorrect one; on a failed trace
    ``ô_i`` for a step that matches the wrong answer and 0 for another. Labels of neighbouring
    thoughts alternate, so that the sums telescope to these four numbers where the last thought has
    the outcome alone. The propositions do not cover a trace whose last label speaks against its
    outcome: a solved one that ends in an incorrect step, a failed one that ends in a step that does
    not match. Such traces get the same four numbers (ours), and a note counts them.

    Args:
        tree: its column ``label``: above 0 yes, below 0 or false no, 0 and None no label.
        labels: "column" reads it, "score" takes the sign of the step's score instead (ours), which
            on any trace says whether the step is correct.
        failed: what a label of the column says on a failed trace: "correctness", as on a solved one
            and as people's ratings do (an incorrect step then counts as matching; ours), or, as in
            the paper, that it "matches" the wrong answer. Not used with scores, which a note says.
        alpha: of the thoughts' reward; the paper's value was not seen.
        ddof: of the outcomes' standard deviation.
        eps: added to it.
        single: what a group of one gets.

    Returns:
        Standard deviations, signed, by step and trace.

    Source: arXiv 2507.23317, its two propositions as quoted in notes; ours: alpha and, by default,
        reading failed traces by correctness.
    """
    if labels == "column":
        label = _signs(tree)
    else:
        scores, _ = step_scores(tree)
        label = np.where(scores == 0, np.nan, np.sign(scores))
    matches = labels == "column" and failed == "matches"
    on_failed = label if matches else -label
    stats = group(tree, ddof=ddof, single=single)
    outcome = standardise(tree.outcomes, ddof=ddof, eps=eps, single=single)
    right = solved(tree)
    share = float(np.mean(right[stats.known])) if stats.known.any() else 0.0
    outside = (right == 0) & (outcome > 0)
    outcome = np.where(outside, np.nan, outcome)
    notes = stats.notes
    if stats.flat and _blames(tree, label, alpha * share):
        rest = "the labels" if labels == "column" else "the signs of the scores"
        notes = notes_with_rest(notes, rest)
    notes = (*notes, *missing_steps(label, "label"))
    if labels == "score" and failed == "matches":
        notes = (*notes, UNUSED)
    if (right == 0).any():
        notes = (*notes, MATCHES if matches else CORRECTNESS)
    if outside.any():
        notes = (*notes, f"{int(outside.sum())} failed traces lie above the mean: no value")
    at_end = np.where(right == 1, label[tree.ends], on_failed[tree.ends])
    against = (at_end < 0) & (tree.ends > 0) & np.isfinite(outcome)
    if against.any():
        count = f"{int(against.sum())} of {len(against)} traces"
        notes = (*notes, f"{count} end in a step that speaks against their outcome: {OPEN}")

    def values(cells: Cells) -> FloatArray:
        at, trace = cells.node, cells.trace
        won = outcome[trace] - np.where(label[at] < 0, alpha * share, 0.0)
        lost = np.where(on_failed[at] < 0, 0.0, outcome[trace])
        found = np.where(right[trace] == 1, won, lost)
        return np.where(np.isnan(label[at]) | np.isnan(outcome[trace]), np.nan, found)

    return credit_by_cell(tree, values, notes)


def _blames(tree: Tree, label: FloatArray, size: float) -> bool:
    """Say whether a step of a trace with an outcome loses ``size``, the reward of a thought."""
    _, traces = below(tree, tree.outcomes)
    return size > 0 and bool(((label < 0) & (traces > 0))[1:].any())


def _signs(tree: Tree) -> FloatArray:
    """Return the label column as −1 and +1, NaN where there is none or it is 0."""
    found = ratings(tree)
    return np.where(found == 0, np.nan, np.sign(found))
