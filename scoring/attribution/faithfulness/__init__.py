"""Can a method be believed on a model? ``from scoring.attribution.faithfulness import FaithfulnessCard``.

``card.card`` runs the checks and brings torch; what it returns is here without it.
"""

from scoring.attribution.faithfulness.base import Check, FaithfulnessCard

__all__ = ["Check", "FaithfulnessCard"]
