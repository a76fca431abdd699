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

# One record per step with every column that a method may ask for; columns of a whole trace stand at
# its end. Plan p is carried out three times, plan q twice; b and d begin in the same state.
#
#   r ─ p ─ a ─ a1 (1)
#     │   └ a2 (0)
#     ├ b ─ b1 (1, 0)     b is a retry from the first step of p on: it shares nothing but the start
#     └ q ─ c ─ c1 (0.5)
#         └ d (0)
_STEPS = (
    # id, parent, outcome, score, state, level, agent, step_reward, label
    ("p", "r", "-", 0.9, "start", "plan", "main", 0.0, 1),
    ("a", "p", "-", 0.6, "door", "execute", "main", 0.1, 1),
    ("a1", "a", 1, 0.8, "hall", "execute", "search", 0.0, 1),
    ("a2", "a", 0, 0.3, "hall", "execute", "main", -0.1, -1),
    ("b", "r", "-", 0.4, "start", "execute", "main", 0.2, 1),
    ("b1", "b", [1, 0], 0.5, "door", "plan", "search", 0.0, 0),
    ("q", "r", "-", 0.2, "start", "plan", "main", -0.2, -1),
    ("c", "q", "-", 0.7, "door", "execute", "search", 0.3, 1),
    ("c1", "c", 0.5, 0.1, "cellar", "execute", "search", 0.0, -1),
    ("d", "q", 0, 0.25, "door", "execute", "main", 0.0, -1),
)
_OF_TRACES = {
    "a1": {"budget_scores": [0, 1, 1], "retry_of": None, "plan_id": "P"},
    "a2": {"budget_scores": [0, 0, 0], "retry_of": "a1", "plan_id": "P"},
    "b1": {"budget_scores": [0, 1, 0], "retry_of": "a1", "plan_id": "P"},
    "c1": {"budget_scores": [1, 1, 0.5], "retry_of": None, "plan_id": "Q"},
    "d": {"budget_scores": [0, 1, 0], "retry_of": "c1", "plan_id": "Q"},
}


def _full():
    rows = [{"id": "r", "parent": None, "text": "What is behind the door?"}]
    for at, step in enumerate(_STEPS):
        name, parent, outcome, score, state, level, agent, reward, label = step
        call = {"name": agent, "arguments": {"where": state, "step": at % 3}}
        rows.append(
            {
                "id": name,
                "parent": parent,
                "text": f"In the {state} {agent} opens door {at % 4}.",
                "score": score,
                "state": state,
                "level": level,
                "agent": agent,
                "value": score / 2,
                "visits": 2 + at,
                "n_tokens": 3 + at % 3,
                "critic": score / 3,
                "critic_high": score / 4,
                "step_reward": reward,
                "label": label,
                "logp": [-0.1 * (1 + k) - 0.01 * at for k in range(3 + at % 3)],
                "logp_ref": [-0.2 * (1 + k) for k in range(3 + at % 3)],
                "scores": [score, score / 2, 1 - score],
                "tests": [at % 2, int(at % 3 == 0), label > 0],
                "calls": [call],
                "gold_calls": [{"name": "main", "arguments": {"where": state, "step": 0}}],
                "kg_path": "door hall cellar",
            }
            | ({} if outcome == "-" else {"outcome": outcome})
            | _OF_TRACES.get(name, {})
        )
    return rows


FULL = _full()


def by_id(result: CreditResult, rows) -> dict[str, float]:
    tree = Tree.from_records(rows)
    return dict(zip(tree.ids.tolist(), result.per_node.tolist(), strict=True))


def values(key, rows, **params):
    return by_id(assign(key, Tree.from_records(rows), **params), rows)
