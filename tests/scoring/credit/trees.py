"""Trees of a few steps with columns, and their credit by id."""

from __future__ import annotations

from scoring.credit import assign
from scoring.tree import Tree

UNSET = object()


def step(name, parent="r", outcome=UNSET, **cells):
    """A record; an outcome that is not given is not in it."""
    given = {} if outcome is UNSET else {"outcome": outcome}
    return {"id": name, "parent": parent, "text": cells.pop("text", "")} | given | cells


def tree(*steps, **at_problem):
    """The tree of steps below the problem "r", whose record has the cells ``at_problem``."""
    return Tree.from_records([{"id": "r", "parent": None, "text": "", **at_problem}, *steps])


def chain(name, outcome, *cells):
    """Steps ``name0, name1 …`` one below the other, the outcome at the last; cells are columns."""
    last = len(cells) - 1
    return [
        step(
            f"{name}{i}",
            f"{name}{i - 1}" if i else "r",
            **({"outcome": outcome} if i == last and outcome is not UNSET else {}),
            **cell,
        )
        for i, cell in enumerate(cells)
    ]


def scores(name, outcome, *numbers):
    """A chain of steps with scores."""
    return chain(name, outcome, *({"score": number} for number in numbers))


def of_trace(key, found, end, **params):
    """The credit of the steps on the way to ``end``."""
    return assign(key, found, **params).per_trace[end].tolist()


def by_node(key, found, **params):
    """The credit by id, without the problem."""
    result = assign(key, found, **params)
    return dict(zip(found.ids[1:].tolist(), result.per_node[1:].tolist(), strict=True))
