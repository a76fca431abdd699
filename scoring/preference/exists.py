"""Whether the maximum of the likelihood exists without a prior, decided exactly from the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.preference.graph import strongly_connected

if TYPE_CHECKING:
    from scoring.preference.data import Comparisons
    from scoring.preference.pairs import Pair


def why_infinite(data: Comparisons, *, tie_parameter: bool) -> str:
    """Return why some parameter would run off to infinity, "" if none does.

    Strengths are finite if and only if no set of items beats the rest of its group throughout
    (Ford 1957; ties lead both ways). A tie parameter is finite if and only if, in addition, some
    circle of answers has more wins than ties: otherwise strengths and tie parameter can grow
    together and explain every answer better and better (docs/rankings.md has the argument).
    """
    edges = data.edges()
    for group in data.groups:
        parts = strongly_connected(group, edges)
        if len(parts) > 1:
            names = _names(data, parts[0])
            return f"{names} never lost to, nor tied with, the others that are linked to them"
    if tie_parameter and not _more_wins_than_ties(data):
        return "no circle of answers has more wins than ties, so any number of ties would be likely"
    return ""


def _names(data: Comparisons, positions: list[int]) -> str:
    ids = [str(data.items[i]) for i in positions]
    if len(ids) == 1:
        return f"item {ids[0]}"
    return f"items {', '.join(ids[:-1])} and {ids[-1]}"


def _more_wins_than_ties(data: Comparisons) -> bool:
    """Look for a circle that is negative if a win costs -1 and a tie, walked either way, 1.

    Bellman–Ford from all nodes at once.
    """
    costs: dict[Pair, int] = {}
    for pair, (first, second, tied) in zip(
        [(a, b) for a, b in data.pairs.tolist()], data.totals().tolist(), strict=True
    ):
        for edge, wins in ((pair, first), (pair[::-1], second)):
            if wins or tied:
                costs[edge] = -1 if wins else 1
    height = [0] * len(data.items)
    for _ in range(len(height)):
        changed = False
        for (a, b), cost in costs.items():
            if height[a] + cost < height[b]:
                height[b] = height[a] + cost
                changed = True
        if not changed:
            return False
    return True
