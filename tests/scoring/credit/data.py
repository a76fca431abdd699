"""Small trees written as rows."""

from __future__ import annotations

from scoring.credit import CreditResult, assign
from scoring.tree import Tree

GROUP_RELATIVE = ["grpo", "dr_grpo", "rloo", "tempo"]


def records(*rows):
    """Rows of (id, parent, outcome, score); "-" = the record says nothing of an outcome."""
    return [
        {"id": name, "parent": parent, "text": name, "score": score}
        | ({} if outcome == "-" else {"outcome": outcome})
        for name, parent, outcome, score in rows
    ]


FORK = records(
    ("r", None, "-", None),
    ("b", "r", "-", 0.2),
    ("a", "r", "-", 0.6),
    ("a1", "a", 1, 0.9),
    ("a2", "a", 0, -0.4),
    ("b1", "b", 1, 0.5),
)


def by_id(result: CreditResult, rows) -> dict[str, float]:
    tree = Tree.from_records(rows)
    return dict(zip(tree.ids.tolist(), result.per_node.tolist(), strict=True))


def values(key, rows, **params):
    return by_id(assign(key, Tree.from_records(rows), **params), rows)
