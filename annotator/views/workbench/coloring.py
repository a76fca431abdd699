"""What pages colour steps by; the numbers are made in ``annotator.queries.credit``."""

from annotator.queries.credit.choices import SEARCH_VALUE, Choice
from annotator.queries.credit.colored import Coloring
from annotator.queries.credit.coloring import Colorings

__all__ = ["SEARCH_VALUE", "Choice", "Coloring", "Colorings"]
