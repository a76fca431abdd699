"""Gold answers: made of ratings, rankings, decisions or a file, changed, retired.

Retired gold is served no more and counts no more; what was answered stays as it was. A thing has
one gold answer per task; making it again replaces the answer and brings it back.
"""

from annotator.services.quality.gold.answers import GoldTarget, gold_rank, gold_rate, gold_update
from annotator.services.quality.gold.records import GoldImport, gold_import
from annotator.services.quality.gold.sources import SOURCES, gold_from_decision, gold_from_own

__all__ = [
    "SOURCES",
    "GoldImport",
    "GoldTarget",
    "gold_from_decision",
    "gold_from_own",
    "gold_import",
    "gold_rank",
    "gold_rate",
    "gold_update",
]
