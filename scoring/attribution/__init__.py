"""Credit of tokens and steps by a reward model: ``from scoring.attribution import METHODS, attribute``."""

from scoring.attribution.base import Attribution, Estimate
from scoring.attribution.registry import METHODS, attribute, estimate, why_not

__all__ = ["METHODS", "Attribution", "Estimate", "attribute", "estimate", "why_not"]
