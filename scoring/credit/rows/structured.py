"""Methods that need tests, tool calls or a path in a knowledge graph."""

from __future__ import annotations

from scoring.credit.base import MethodRow, NeedsIf
from scoring.credit.rows.shared import DDOF, EPS, METHODS_FOLDER, SINGLE
from scoring.params import Param

ROWS: tuple[MethodRow, ...] = (
    MethodRow(
        "verpo",
        "VeRPO",
        f"{METHODS_FOLDER}.verpo:credit",
        version="1",
        needs=("tests",),
        signed=True,
        unit="reward units",
        confidence="3P",
        source="arXiv 2601.03525, Eqs. 7–14 as quoted in notes; the constants are our choice, "
        "the paper's values were not seen",
        summary="Unit tests passed at the end of a turn, hard and rare ones more, and all of them.",
        params=(
            Param("alpha", 1.0, "how much easy tests weigh less (our choice)", low=0.0, high=1e3),
            Param("sigma", 0.1, "pass rates this close are alike (our choice)", low=1e-6, high=1e3),
            Param(
                "delta", 1e-6, "added to the count of tests alike (our choice)", low=0.0, high=1e6
            ),
            Param("beta", 1.0, "weight of the turn's reward (our choice)", low=0.0, high=1e6),
            Param("gamma", 0.9, "discount of a full pass per turn (our choice)", low=0.0, high=1.0),
        ),
    ),
    MethodRow(
        "matchtir",
        "MatchTIR",
        f"{METHODS_FOLDER}.matchtir:credit",
        version="1",
        needs=("calls", "gold_calls", "outcome"),
        signed=True,
        unit="standard deviations",
        confidence="CODE",
        source="quchangle1/MatchTIR; its code is greedy, its paper says optimal",
        summary="Tool calls matched with those of a reference, against the other traces' turns.",
        params=(
            Param(
                "matching",
                "greedy",
                "the best pair again and again, or the pairs with the best sum",
                choices=("greedy", "optimal"),
                words=("greedy, as in the code", "optimal, as in the paper"),
            ),
            Param("gamma", 0.9, "discount of returns per turn", low=0.0, high=1.0),
            DDOF,
            EPS,
            SINGLE,
        ),
    ),
    MethodRow(
        "kg_path",
        "Knowledge-graph path",
        f"{METHODS_FOLDER}.kg_path:credit",
        version="1",
        needs=("kg_path",),
        signed=True,
        unit="share of the path's words, or reward units",
        confidence="CODE",
        source="arXiv 2601.15160; jha-lab/kg-implicit-reward-compositional-rl; by step it is ours",
        summary="Words of the reference path in a knowledge graph that the step is first to mention.",
        params=(
            Param(
                "form",
                "step",
                "new words of the path by step; or the reward of the whole trace, without or with its outcome",
                choices=("step", "path", "total"),
                words=("new words by step", "path of the trace", "path and outcome"),
            ),
        ),
        also=(NeedsIf("form", "total", ("outcome",)),),
    ),
)
