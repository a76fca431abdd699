"""Stratified GRPO: traces are compared with those that took as many steps, or share another key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.credit.columns import codes, column, has_column
from scoring.credit.groups import group, spread
from scoring.credit.inputs import hint_for
from scoring.credit.moments import moments_of
from scoring.errors import MissingInputError

if TYPE_CHECKING:
    import numpy as np

    from scoring.credit.base import Credit
    from scoring.tree import Tree

EPS = 1e-8
N_STEPS = "n_steps"


def credit(tree: Tree, *, alpha: float, ddof: int, stratum: str) -> Credit:
    """Return ``alpha · A_stratum + (1 − alpha) · A_group`` of each trace.

    ``A = (r − mean) / (std + 1e-8)``, once over the traces of the same stratum, once over all. The
    stratum is the number of steps or a column's cell at the trace's end; a trace without one has no
    value. A stratum of one trace, or whose outcomes are equal, gives 0.

    Returns:
        Standard deviations, signed, the same for every step of the trace.

    Raises:
        MissingInputError: there is no column called ``stratum``.

    Source: SAN, arXiv 2510.06214, as in other people's code (grpo-composer).
    """
    if stratum != N_STEPS and not has_column(tree, stratum) and len(tree) > 1:
        raise MissingInputError("stratified_grpo", [stratum], hint_for(stratum))
    cells = tree.depth if stratum == N_STEPS else column(tree, stratum)
    keys, strata = codes(cells[tree.ends])
    stats = group(tree, ddof=ddof, single="zero")
    inside = moments_of(keys, tree.outcomes, strata, ddof=ddof)
    found = alpha * inside.scores(keys, tree.outcomes, eps=EPS)
    if not stats.flat:
        found += (1 - alpha) * (tree.outcomes - stats.mean) / (stats.std + EPS)
    return spread(tree, found, (*stats.notes, *_notes(inside.count, inside.std, keys)))


def _notes(count: np.ndarray, std: np.ndarray, keys: np.ndarray) -> list[str]:
    unknown, alone = int((keys < 0).sum()), int((count == 1).sum())
    flat = int(((count > 1) & (std == 0)).sum())
    notes = []
    if unknown:
        notes.append(f"{unknown} of {len(keys)} traces have no stratum")
    if alone:
        notes.append(f"strata of one trace, without signal: {alone}")
    if flat:
        notes.append(f"strata of equal outcomes, without signal: {flat}")
    return notes
