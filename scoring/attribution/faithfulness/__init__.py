"""Can a method be believed on a model? ``from scoring.attribution.faithfulness import choose_default``.

``card.card`` runs the checks and brings torch; what it returns is here without it.
"""

from scoring.attribution.faithfulness.base import Check, FaithfulnessCard, choose_default

__all__ = ["Check", "FaithfulnessCard", "choose_default"]
