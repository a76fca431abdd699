"""Credit of reasoning steps: ``from scoring.credit import METHODS, assign``."""

from scoring.credit.base import CreditResult
from scoring.credit.registry import METHODS, assign

__all__ = ["METHODS", "CreditResult", "assign"]
