"""The models of strength: one file in ``methods/`` and one row here each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from scoring.registry import find_row, load_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.preference.data import Comparisons
    from scoring.preference.fit import Likelihood

_M = "scoring.preference.methods"


@dataclass(frozen=True, slots=True)
class StrengthRow:
    """What menus, docs and tests need to know about a model without loading it.

    Attributes:
        key: stored with results, never renamed.
        label: what a person reads in the menu.
        target: ``"module:function"`` taking ``Comparisons`` and giving a ``Likelihood``.
        version: raised whenever the numbers can change.
        pairwise: whether it sees pairs only; then the pairs of one ranking count as independent.
        ties: how ties enter, for the menu.
        difference: what the difference of two log-strengths is the logarithm of.
        source: where the model was published.
        summary: one line for the menu.
    """

    key: str
    label: str
    target: str
    version: str
    pairwise: bool
    ties: str
    difference: str
    source: str
    summary: str

    def load(self) -> Callable[[Comparisons], Likelihood]:
        """Import the model."""
        return cast("Callable[[Comparisons], Likelihood]", load_target(self.target))


STRENGTHS: dict[str, StrengthRow] = {
    row.key: row
    for row in (
        StrengthRow(
            "bradley_terry",
            "Bradley–Terry",
            f"{_M}.bradley_terry:likelihood",
            version="1",
            pairwise=True,
            ties="half a win for each side",
            difference="the odds of one over the other, a tie being half a win for each",
            source="Bradley & Terry 1952, Biometrika 39",
            summary="The odds that one item is preferred to another are the ratio of strengths.",
        ),
        StrengthRow(
            "davidson",
            "Davidson",
            f"{_M}.davidson:likelihood",
            version="1",
            pairwise=True,
            ties="own outcome, likelier the closer the strengths",
            difference="the odds of one over the other where they are not tied",
            source="Davidson 1970, JASA 65",
            summary="Bradley–Terry with a tie whose odds are ν times the geometric mean.",
        ),
        StrengthRow(
            "rao_kupper",
            "Rao–Kupper",
            f"{_M}.rao_kupper:likelihood",
            version="1",
            pairwise=True,
            ties="own outcome, where the difference stays under a threshold",
            difference="θ times the odds that one is found better, against a tie or worse",
            source="Rao & Kupper 1967, JASA 62",
            summary="Bradley–Terry in which small differences are not noticed.",
        ),
        StrengthRow(
            "plackett_luce",
            "Plackett–Luce",
            f"{_M}.plackett_luce:likelihood",
            version="1",
            pairwise=False,
            ties="Efron's approximation to the mean over open orders",
            difference="the odds that one is ranked before the other",
            source="Luce 1959; Plackett 1975, Applied Statistics 24",
            summary="Whole rankings, drawn from the top one item at a time.",
        ),
    )
}


def strength_row(key: str) -> StrengthRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known models.
    """
    return find_row(STRENGTHS, "model of strength", key)
