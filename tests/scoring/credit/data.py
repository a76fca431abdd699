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
#     │   └ a2 (0, 0)
#     ├ b ─ b1 (1, 0)     b is a retry from the first step of p on: it shares nothing but the start
#     └ q ─ c ─ c1 (0.5)
#         └ d (0)
_STEPS = (
    # id, parent, outcome, score, state, level, agent, step_reward, label
    ("p", "r", "-", 0.9, "start", "plan", "main", 0.0, 1),
    ("a", "p", "-", 0.6, "door", "execute", "main", 0.1, 1),
    ("a1", "a", 1, 0.8, "hall", "execute", "search", 0.0, 1),
    ("a2", "a", [0, 0], 0.3, "hall", "execute", "main", -0.1, -1),
    ("b", "r", "-", 0.4, "start", "execute", "main", 0.2, 1),
    ("b1", "b", [1, 0], 0.5, "door", "plan", "search", 0.0, 0),
    ("q", "r", "-", 0.2, "start", "plan", "main", -0.2, -1),
    ("c", "q", "-", 0.7, "door", "execute", "search", 0.3, 1),
    ("c1", "c", 0.5, 0.1, "cellar", "execute", "search", 0.0, -1),
    ("d", "q", 0, 0.25, "door", "execute", "main", 0.0, -1),
)
_OF_TRACES = {
    "a1": {
        "budget_scores": [0, 1, 1],
        "plan_id": "P",
        "critiques": [[], ["a"]],
        "first_error": False,
    },
    "a2": {"budget_scores": [0, 0, 0], "plan_id": "P", "critiques": [["a2"]], "first_error": "a2"},
    "b1": {"budget_scores": [0, 1, 0], "plan_id": "P", "critiques": [[], []], "first_error": "b"},
    "c1": {
        "budget_scores": [1, 1, 0.5],
        "plan_id": "Q",
        "critiques": [["c1"]],
        "first_error": "c1",
    },
    "d": {
        "budget_scores": [0, 1, 0],
        "plan_id": "Q",
        "critiques": [["d", "q"]],
        "first_error": "q",
    },
}
_RETRY_OF = {"a1": None, "a2": "a1", "b1": "a1", "c1": None, "d": "c1"}
_OF_THE_PROBLEM = {
    "gold_calls": [
        {"name": "main", "parameters": {"where": "door", "step": 0}},
        {"name": "search", "parameters": {"where": "hall", "step": 2}},
    ],
    "kg_path": "door hall cellar",
    "ref_scores": [0.4, 0.6],
    "answer_logp": -3.0,
}


def _full():
    rows = [{"id": "r", "parent": None, "text": "What is behind the door?"} | _OF_THE_PROBLEM]
    for at, step in enumerate(_STEPS):
        name, parent, outcome, score, state, level, agent, reward, label = step
        tokens = range(3 + at % 3)
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
                "n_tokens": len(tokens),
                "critic": score / 3,
                "critic_high": score / 4,
                "step_reward": reward,
                "label": label,
                "logp": [-0.1 * (1 + k) - 0.01 * at for k in tokens],
                "logp_ref": [-0.2 * (1 + k) for k in tokens],
                "logp_better": [-0.15 * (1 + k) for k in tokens],
                "logp_worse": [-0.3 - 0.1 * at for _ in tokens],
                "value_tokens": [score / (1 + k) for k in tokens],
                "answer_logp": -2.0 + score,
                "scores": [score, score / 2, 1 - score],
                "checks": label,
                "attribution": at % 4,
                "calls": [{"name": agent, "parameters": {"where": state, "step": at % 3}}],
            }
            | ({} if outcome == "-" else {"outcome": outcome})
        )
        if name in _OF_TRACES:
            tests = [at % 2 == 0, at % 3 == 0, label > 0]
            rows[-1] |= _OF_TRACES[name] | {"retry_of": _RETRY_OF[name], "tests": tests}
    return rows


FULL = _full()


def by_id(result: CreditResult, rows) -> dict[str, float]:
    tree = Tree.from_records(rows)
    return dict(zip(tree.ids.tolist(), result.per_node.tolist(), strict=True))


def values(key, rows, **params):
    return by_id(assign(key, Tree.from_records(rows), **params), rows)
