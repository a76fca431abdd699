"""Evaluation of reward models: ``from scoring.evaluation import Record, evaluate``. Numpy only."""

from scoring.evaluation.between import distance
from scoring.evaluation.records import NONE_WRONG, Record
from scoring.evaluation.registry import DISTANCES, SUITES, suite
from scoring.evaluation.run import Comparison, Report, compare, evaluate

__all__ = [
    "DISTANCES",
    "NONE_WRONG",
    "SUITES",
    "Comparison",
    "Record",
    "Report",
    "compare",
    "distance",
    "evaluate",
    "suite",
]
