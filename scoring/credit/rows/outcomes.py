"""Methods that need the outcomes of traces and the shape of the tree, nothing else."""

from __future__ import annotations

from scoring.credit.base import MethodRow
from scoring.credit.rows.shared import DDOF, EPS, METHODS_FOLDER, SINGLE

ROWS: tuple[MethodRow, ...] = (
    MethodRow(
        "leaf_value",
        "Leaf value",
        f"{METHODS_FOLDER}.leaf_value:credit",
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
        f"{METHODS_FOLDER}.group_relative:grpo",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="standard deviations",
        confidence="CODE",
        source="Shao et al. 2024, arXiv 2402.03300; as in verl's outcome advantage",
        summary="The trace's outcome against the other traces of the problem, in deviations.",
        params=(DDOF, EPS, SINGLE),
    ),
    MethodRow(
        "dr_grpo",
        "Dr. GRPO",
        f"{METHODS_FOLDER}.group_relative:dr_grpo",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="outcome units",
        confidence="CODE",
        source="Liu et al. 2025, arXiv 2503.20783; GRPO without the division",
        summary="The trace's outcome minus the mean outcome of the problem.",
        params=(SINGLE,),
    ),
    MethodRow(
        "rloo",
        "RLOO",
        f"{METHODS_FOLDER}.group_relative:rloo",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="outcome units",
        confidence="CODE",
        source="Ahmadian et al. 2024, arXiv 2402.14740",
        summary="The trace's outcome minus the mean outcome of the other traces.",
        params=(SINGLE,),
    ),
    MethodRow(
        "tempo",
        "TEMPO",
        f"{METHODS_FOLDER}.tempo:credit",
        version="1",
        needs=("outcome",),
        signed=True,
        unit="standard deviations",
        confidence="INDIRECT",
        source="arXiv 2509.18314 (value from the abstract, advantage from reviews)",
        summary="GRPO plus the change of leaf value where the tree branches.",
        params=(DDOF, EPS, SINGLE),
    ),
)
