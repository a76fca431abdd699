"""Who judged otherwise than a final decision, so that a winning label does not leave alone.

Everybody counts once, with the last thing they said; who only looked, and decisions, do not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.types import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.exporters.records import ExportProblem
    from scoring.types import AdjudicationRecord, LabelRecord, RankingRecord, RaterRecord

Place = tuple[str, int, str]
Said = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Dissent:
    """What others said of what was decided.

    Attributes:
        otherwise: who said something else, in the order in which they are known.
        judged: how many said anything.
    """

    otherwise: tuple[RaterRecord, ...]
    judged: int

    @property
    def agreeing(self) -> float | None:
        """The share of them that said the same, 0 to 1; None if nobody judged it."""
        return 1 - len(self.otherwise) / self.judged if self.judged else None


class Dissents:
    """What was said of every step and place of a problem."""

    def __init__(self, problem: ExportProblem) -> None:
        self._labels: dict[int, list[LabelRecord]] = defaultdict(list)
        for label in problem.labels:
            if not label.adjudicated and (label.rating is not None or label.unsure):
                self._labels[label.node].append(label)
        self._rankings: dict[Place, list[RankingRecord]] = defaultdict(list)
        self._spans = [span for span in problem.spans if span.rating is not None]
        self._nodes = problem.nodes
        for ranking in problem.rankings:
            self._rankings[ranking.level, ranking.parent, ranking.criterion].append(ranking)

    def of_step(self, node: int, rating: int | None, *, unsure: bool) -> Dissent:
        """Return the dissent from a decision that a step has ``rating``, or cannot be decided."""
        said = [(label.rater, (label.rating, label.unsure)) for label in self._labels[node]]
        return _dissent(said, (rating, unsure))

    def of_decision(self, decision: AdjudicationRecord) -> Dissent:
        """Return the dissent from a decision on a step, a run of steps or an order."""
        state = decision.decision
        if decision.run is not None:
            return self._of_run(*decision.run, state.get("rating"))
        if decision.node is not None:
            unsure = bool(state.get("unsure"))
            return self.of_step(decision.node, state.get("rating"), unsure=unsure)
        place = decision.level, decision.parent, decision.criterion
        said = [
            (ranking.rater, _order(ranking.tiers, ranking.aside, ranking.failed))
            for ranking in self._rankings[place]
        ]
        wanted = (state.get(name) or [] for name in ("tiers", "aside", "failed"))
        return _dissent(said, _order(*wanted))

    def _of_run(self, first: int, last: int, rating: int | None) -> Dissent:
        """Compare with the spans that hold the whole run."""
        above = self._above(first)
        said = [
            (span.rater, (span.rating, False))
            for span in self._spans
            if span.first in above and last in self._above(span.last)
        ]
        return _dissent(said, (rating, False))

    def _above(self, node: int) -> set[int]:
        """Return the node and its ancestors."""
        found = set()
        while node != ROOT:
            found.add(node)
            node = self._nodes[node].parent
        return found


def _dissent(said: Iterable[tuple[RaterRecord, Said]], decided: Said) -> Dissent:
    last = {(rater.kind, rater.name, rater.version): (rater, state) for rater, state in said}
    otherwise = tuple(rater for rater, state in last.values() if state != decided)
    return Dissent(otherwise, len(last))


def _order(tiers: Any, aside: Any, failed: Any) -> Said:
    """Return what an order says, however its ties are written."""
    return [frozenset(tier) for tier in tiers], frozenset(aside), frozenset(failed)
