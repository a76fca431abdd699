"""Agreement and annotator quality: ``from scoring.agreement import Ratings, measure``."""

from scoring.agreement.base import Agreement, Pair
from scoring.agreement.data import FirstErrors, Ratings
from scoring.agreement.rankings import Ranking, Rankings
from scoring.agreement.registry import (
    ANNOTATORS,
    CONSENSUS,
    STATISTICS,
    consensus,
    measure,
    measure_by,
)
from scoring.resample import Estimate

__all__ = [
    "ANNOTATORS",
    "CONSENSUS",
    "STATISTICS",
    "Agreement",
    "Estimate",
    "FirstErrors",
    "Pair",
    "Ranking",
    "Rankings",
    "Ratings",
    "consensus",
    "measure",
    "measure_by",
]
