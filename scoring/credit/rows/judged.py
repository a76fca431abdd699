"""Methods that need what people, checkers or a judge said of steps."""

from __future__ import annotations

from scoring.credit.base import MethodRow, NeedsIf
from scoring.credit.rows.shared import DDOF, EPS, METHODS_FOLDER
from scoring.params import Param

ROWS: tuple[MethodRow, ...] = (
    MethodRow(
        "rating",
        "Rating",
        f"{METHODS_FOLDER}.rating:credit",
        version="1",
        needs=("label",),
        signed=True,
        unit="rating",
        confidence="OURS",
        source="the labels themselves",
        summary="What most people said of the step, as it is: wrong −1, neutral 0, right +1.",
    ),
    MethodRow(
        "capo",
        "CAPO",
        f"{METHODS_FOLDER}.capo:credit",
        version="1",
        needs=("outcome", "critiques"),
        signed=True,
        unit="standard deviations, or reward units",
        confidence="3P",
        source="arXiv 2508.02298, by an implementation of others; the standardising is from a review",
        summary="A right answer gains, steps that critiques call wrong cost.",
        params=(
            Param(
                "vote",
                "intersection",
                "a step is wrong if all critiques say so, most of them, or any",
                choices=("intersection", "majority", "union"),
                words=("all critiques", "most critiques", "any critique"),
            ),
            Param(
                "form",
                "advantage",
                "standardised over the tokens of all traces, or as it is",
                choices=("advantage", "reward"),
                words=("standardised", "as it is"),
            ),
            Param("gain", 2.0, "C: reward of a solved trace's steps", low=0.0, high=1e6),
            Param("penalty", 1.0, "P: what a wrong step costs", low=0.0, high=1e6),
            DDOF,
            EPS,
        ),
    ),
    MethodRow(
        "int",
        "InT (reconstruction)",
        f"{METHODS_FOLDER}.interventions:credit",
        version="1",
        needs=("first_error",),
        signed=True,
        unit="−1 first error, +1 intervention",
        confidence="RECONSTRUCTED",
        source="a display of arXiv 2601.14209, which has no formula of a credit",
        summary="The first wrong step of each trace, and the step that replaces it.",
    ),
    MethodRow(
        "sotopia",
        "Sotopia-RL",
        f"{METHODS_FOLDER}.sotopia:credit",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="outcome units",
        confidence="CODE",
        source="arXiv 2508.03905; sotopia-lab/sotopia-rl; how dimensions are combined was not found",
        summary="The trace's outcome shared out over its steps by a judge's attributions.",
        params=(
            Param(
                "form",
                "direct",
                "attribution over scale, over the trace's sum, or a discount without a judge",
                choices=("direct", "normalised", "discount"),
                words=("over the scale", "over the sum", "discount, no judge"),
            ),
            Param(
                "scale", 3, "the highest attribution", choices=(3, 5, 10), words=("3", "5", "10")
            ),
            Param("discount", 0.9, "per step that follows", low=0.0, high=1.0),
        ),
        also=(
            NeedsIf("form", "direct", ("attribution",)),
            NeedsIf("form", "normalised", ("attribution",)),
        ),
    ),
)
