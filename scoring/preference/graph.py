"""Small directed graphs of "is preferred to": components, cycles and layers. Plain Python."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scoring.preference.pairs import Pair


def successors(edges: Iterable[Pair]) -> dict[int, list[int]]:
    """Return each node's targets in order of first appearance."""
    out: dict[int, dict[int, None]] = defaultdict(dict)
    for source, target in edges:
        out[source][target] = None
    return {source: list(targets) for source, targets in out.items()}


def connected(nodes: Sequence[int], edges: Iterable[Pair]) -> list[list[int]]:
    """Split nodes into groups joined by edges of either direction, in the order of ``nodes``."""
    both = [pair for a, b in edges for pair in ((a, b), (b, a))]
    return _groups(nodes, successors(both))


def _groups(nodes: Sequence[int], out: Mapping[int, Sequence[int]]) -> list[list[int]]:
    place = {node: i for i, node in enumerate(nodes)}
    seen: set[int] = set()
    groups = []
    for start in nodes:
        if start in seen:
            continue
        seen.add(start)
        queue = deque([start])
        group = []
        while queue:
            node = queue.popleft()
            group.append(node)
            fresh = [n for n in out.get(node, ()) if n not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        groups.append(sorted(group, key=place.__getitem__))
    return groups


def strongly_connected(nodes: Sequence[int], edges: Iterable[Pair]) -> list[list[int]]:
    """Split nodes into sets that reach one another, sources before what they lead to.

    Kosaraju's algorithm without recursion. Members keep the order of ``nodes``.
    """
    edges = list(edges)
    finished = _finishing_order(nodes, successors(edges))
    back = successors((b, a) for a, b in edges)
    place = {node: i for i, node in enumerate(nodes)}
    # on the reversed graph, searches from the last finished node stay inside its component
    return [
        sorted(group, key=place.__getitem__) for group in _groups(list(reversed(finished)), back)
    ]


def _finishing_order(nodes: Sequence[int], out: Mapping[int, Sequence[int]]) -> list[int]:
    seen: set[int] = set()
    order: list[int] = []
    for start in nodes:
        if start in seen:
            continue
        seen.add(start)
        stack = [(start, iter(out.get(start, ())))]
        while stack:
            node, rest = stack[-1]
            for target in rest:
                if target not in seen:
                    seen.add(target)
                    stack.append((target, iter(out.get(target, ()))))
                    break
            else:
                stack.pop()
                order.append(node)
    return order


def shortest_cycle(members: Sequence[int], edges: Iterable[Pair]) -> tuple[int, ...]:
    """Return a shortest cycle inside a strongly connected set of at least two nodes.

    Starts at the earliest node of ``members`` that such a cycle can start at.
    """
    inside = set(members)
    out = successors((a, b) for a, b in edges if a in inside and b in inside)
    best: tuple[int, ...] = ()
    for start in members:
        cycle = _cycle_through(start, out)
        if cycle and (not best or len(cycle) < len(best)):
            best = cycle
        if len(best) == 2:
            break
    return best


def _cycle_through(start: int, out: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    came_from: dict[int, int] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for target in out.get(node, ()):
            if target == start:
                path = [node]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return tuple(reversed(path))
            if target not in came_from:
                came_from[target] = node
                queue.append(target)
    return ()


def layers(nodes: Sequence[int], edges: Iterable[Pair]) -> list[list[int]]:
    """Place every node as high as its edges allow: right below the lowest node above it.

    Nodes of one cycle share a layer. Members keep the order of ``nodes``.
    """
    edges = list(edges)
    groups = strongly_connected(nodes, edges)
    group_of = {node: g for g, group in enumerate(groups) for node in group}
    above: dict[int, set[int]] = defaultdict(set)
    for a, b in edges:
        if group_of[a] != group_of[b]:
            above[group_of[b]].add(group_of[a])
    depth: dict[int, int] = {}
    for g in range(len(groups)):  # sources first: everything above is known
        depth[g] = 1 + max((depth[h] for h in above[g]), default=-1)
    rows: list[list[int]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for node in nodes:
        rows[depth[group_of[node]]].append(node)
    return rows
