"""The credit methods: one file in ``methods/`` and one row here each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from scoring.credit.base import CreditResult, MethodRow, Param
from scoring.errors import MissingInputError, ParameterError, UnknownNameError
from scoring.registry import find_row, load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.credit.base import Credit
    from scoring.tree import Tree

# Inputs that methods name in ``needs``, each with the way to get it. A name that is not listed
# here is an extra column of the records.
INPUTS = {
    "outcome": "import traces with outcomes, or set them in the inspector",
    "score": "import step scores, or score the project with a reward model",
    "state": "import traces with environment states",
    "level": "mark steps as plan or execute",
    "agent": "import traces that name the agent of each step",
    "value": "import a search tree with node values",
    "visits": "import a search tree with visit counts",
}

_DDOF = Param("ddof", 1, "1 = sample, 0 = population standard deviation", choices=(0, 1))
_EPS = Param("eps", 1e-6, "added to the standard deviation", low=0.0, high=1.0)
_SINGLE = Param(
    "single",
    "unit",
    "a group of one: 'unit' keeps its outcome (mean 0, deviation 1), 'zero' gives 0",
    choices=("unit", "zero"),
)
_M = "scoring.credit.methods"

ROWS: tuple[MethodRow, ...] = (
    MethodRow(
        "leaf_value",
        "Leaf value",
        f"{_M}.leaf_value:credit",
        version="1",
        needs=("outcome",),
        signed=False,
        unit="mean outcome",
        confidence="TEXTBOOK",
        source="Monte Carlo value estimate over the sampled traces",
        summary="Mean outcome of the traces that pass through the step.",
    ),
    MethodRow(
        "grpo",
        "GRPO",
        f"{_M}.group_relative:grpo",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="standard deviations",
        confidence="CODE",
        source="Shao et al. 2024, arXiv 2402.03300; as in verl's outcome advantage",
        summary="The trace's outcome against the other traces of the problem, in deviations.",
        params=(_DDOF, _EPS, _SINGLE),
    ),
    MethodRow(
        "dr_grpo",
        "Dr. GRPO",
        f"{_M}.group_relative:dr_grpo",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="outcome units",
        confidence="CODE",
        source="Liu et al. 2025, arXiv 2503.20783; GRPO without the division",
        summary="The trace's outcome minus the mean outcome of the problem.",
        params=(_SINGLE,),
    ),
    MethodRow(
        "rloo",
        "RLOO",
        f"{_M}.group_relative:rloo",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="outcome units",
        confidence="CODE",
        source="Ahmadian et al. 2024, arXiv 2402.14740",
        summary="The trace's outcome minus the mean outcome of the other traces.",
        params=(_SINGLE,),
    ),
    MethodRow(
        "tempo",
        "TEMPO",
        f"{_M}.tempo:credit",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="standard deviations",
        confidence="INDIRECT",
        source="arXiv 2509.18314 (value from the abstract, advantage from reviews)",
        summary="GRPO plus the change of leaf value where the tree branches.",
        params=(_DDOF, _EPS, _SINGLE),
    ),
    MethodRow(
        "prm_score",
        "Step score",
        f"{_M}.prm_score:credit",
        version="1",
        needs=("score",),
        signed=False,
        unit="score as stored",
        confidence="OURS",
        source="the stored score itself",
        summary="The step's imported or computed reward-model score, unchanged.",
        probability=True,
    ),
)
METHODS: dict[str, MethodRow] = {row.key: row for row in ROWS}


def assign(key: str, tree: Tree, **params: Any) -> CreditResult:
    """Credit every step of ``tree`` by the method called ``key``.

    Args:
        key: a key of ``METHODS``.
        tree: the problem's steps and traces; one node alone is legal and gets no value.
        **params: parameters of the method; the others keep their defaults.

    Raises:
        UnknownNameError: for a method or parameter that does not exist; names the known ones.
        ParameterError: for a value outside the parameter's range.
        MissingInputError: if the tree's source lacks an input. An input that is there but unknown
            for some or all traces gives NaN and a note instead.
    """
    row = find_row(METHODS, "credit method", key)
    values = _parameters(row, params)
    missing = [name for name in row.needs if name not in tree.given]
    if missing and len(tree) > 1:
        hint = "; ".join(INPUTS.get(name, f"give each record a '{name}'") for name in missing)
        raise MissingInputError(key, missing, hint)
    method = cast("Callable[..., Credit]", load_target(row.target))
    credit = method(tree, **values)
    per_node = credit.per_node.copy()
    per_node[0] = np.nan  # the problem is not a step
    known = int(np.isfinite(tree.outcomes).sum())
    return CreditResult(
        per_node, credit.per_trace, key, row.version, values, credit.notes, n_outcomes=known
    )


def _parameters(row: MethodRow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value after checking ``given``."""
    known = {param.name: param for param in row.params}
    for name, value in given.items():
        if name not in known:
            raise UnknownNameError(f"parameter of {row.key}", name, known or ("none",))
        if not known[name].allows(value):
            raise ParameterError(row.key, name, value, known[name].range)
    return {name: given.get(name, param.default) for name, param in known.items()}
