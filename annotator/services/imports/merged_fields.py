"""What prefix merge would lose in silence: fields of a step that its equal does not share.

A step is stored once, with the fields of the record that brought it first. Where a later flat
record says something else of the same step (its own value, visits, states or meta), that is not
kept, and the report says how often.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.imports.placed import Placed
    from scoring.types import NodeRecord

Fields = tuple[Any, ...]


def count_lost_fields(cursor: CursorWrapper, placed: Sequence[Placed]) -> int:
    """Return how many steps of ``placed`` carry fields that their merged step has otherwise."""
    stored: list[tuple[int, Fields]] = []
    lost = 0
    for item, place, fields in _merged_with_fields(placed):
        tree = item.problem.tree
        position = item.steps[place]
        if position < tree.n_stored:
            stored.append((tree.ids[position], fields))
        else:
            lost += _differs(fields, _fields(tree.nodes[position - tree.n_stored]))
    if not stored:
        return lost
    known = _stored_fields(cursor, [step_id for step_id, _ in stored])
    return lost + sum(_differs(fields, known[step_id]) for step_id, fields in stored)


def _merged_with_fields(placed: Sequence[Placed]) -> Iterator[tuple[Placed, int, Fields]]:
    """Yield the nodes of flat records that have fields and did not bring their step themselves."""
    for owner, item in enumerate(placed):
        if not item.prepared.record.merge or not item.prepared.has_fields:
            continue
        tree = item.problem.tree
        for place, node in enumerate(item.prepared.nodes):
            added = item.steps[place] - tree.n_stored
            if added >= 0 and (tree.owners[added], tree.places[added]) == (owner, place):
                continue
            yield item, place, _fields(node)


def _fields(node: NodeRecord) -> Fields:
    return (
        node.value,
        node.visits,
        node.n_tokens,
        node.state_before,
        node.state_after,
        node.meta or None,
    )


def _differs(mine: Fields, kept: Fields) -> bool:
    """Say whether a field of ``mine`` is known and not what is kept."""
    return any(a is not None and a != b for a, b in zip(mine, kept, strict=True))


def _stored_fields(cursor: CursorWrapper, step_ids: Sequence[int]) -> dict[int, Fields]:
    cursor.execute(
        """
        SELECT id, value, visits, n_tokens, state_before, state_after, meta
        FROM annotator_step WHERE id = ANY(%s)
        """,
        [list(step_ids)],
    )
    return {
        step_id: (*fields, json.loads(meta) if meta else None)
        for step_id, *fields, meta in cursor.fetchall()
    }


def lost_fields(n_steps: int) -> str:
    """Say that merged steps came with fields of their own."""
    return (
        f"{n_steps:,} steps equal ones that are there but have another value, count, state or "
        "meta; the first record's is kept"
    )
