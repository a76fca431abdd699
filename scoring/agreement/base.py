"""What the statistics of agreement and quality give, and what menus need to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.registry import load_target

if TYPE_CHECKING:
    from scoring.agreement.data import Name
    from scoring.resample import Estimate

NOTHING_SHARED = "undefined because no item was judged by two annotators"
ALL_EQUAL = "undefined because all ratings are equal"
NO_ORDER = "undefined because the categories have no order"
NO_NUMBERS = "undefined because the categories are not numbers"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators' agreement on the ``n`` items both judged; value or reason as in Estimate."""

    first: Name
    second: Name
    value: float | None
    n: int
    undefined: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a statistic found.

    Attributes:
        estimate: over all annotators.
        pairs: by pair of annotators with a common item, in the annotators' order; empty for a
            statistic that has no pairwise form.
        key: of the statistic's row.
        version: of the statistic; figures of two versions are never compared.
    """

    estimate: Estimate
    pairs: tuple[Pair, ...] = ()
    key: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class StatisticRow:
    """What menus, docs and tests need to know about a statistic without loading it.

    Attributes:
        key: stored with results, never renamed.
        label: what a person reads.
        target: ``"module:function"``, loaded on first use.
        version: raised whenever the numbers can change.
        needs: names of the inputs, keys of ``INPUTS``.
        unit: what the n of its estimate counts, in the singular.
        source: where the formula was published.
        summary: one line for the page.
    """

    key: str
    label: str
    target: str
    version: str
    needs: tuple[str, ...]
    unit: str
    source: str
    summary: str

    def load(self) -> Any:
        """Import the statistic's function."""
        return load_target(self.target)
