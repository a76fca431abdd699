"""Methods that need scores of steps."""

from __future__ import annotations

from scoring.credit.base import MethodRow
from scoring.credit.rows.shared import METHODS_FOLDER

ROWS: tuple[MethodRow, ...] = (
    MethodRow(
        "prm_score",
        "Step score",
        f"{METHODS_FOLDER}.prm_score:credit",
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
