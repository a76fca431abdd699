"""Rankings in one line each, and the published tables that strengths are checked on."""

from __future__ import annotations

from scoring.preference.types import RankingRecord

# Stigler 1994, table of citations between four journals, as on p. 448 of Agresti 2002,
# *Categorical Data Analysis*: (i, j, times i is cited by j, times j is cited by i).
# 1 Biometrika, 2 Comm. Statist., 3 JASA, 4 JRSS-B.
CITATIONS = (
    (1, 2, 730, 33), (1, 3, 498, 320), (1, 4, 221, 284),
    (2, 3, 68, 813), (2, 4, 17, 276), (3, 4, 142, 325),
)  # fmt: skip

# Davidson 1970, example 2: (i, j, i preferred, j preferred, no preference) of six puddings.
PUDDINGS = (
    (1, 2, 19, 22, 16), (1, 3, 16, 19, 12), (2, 3, 19, 19, 10), (1, 4, 18, 23, 13),
    (2, 4, 23, 19, 9), (3, 4, 19, 20, 15), (1, 5, 13, 19, 18), (2, 5, 16, 20, 12),
    (3, 5, 16, 15, 17), (4, 5, 17, 14, 16), (1, 6, 18, 21, 12), (2, 6, 22, 20, 12),
    (3, 6, 13, 18, 10), (4, 6, 14, 19, 18), (5, 6, 11, 21, 12),
)  # fmt: skip


def ranking(text, *, level="trace", criterion="", rater="ann", aside=(), failed=(), scores=None):
    """``"3 > 1 = 2"`` with items shown in ascending order."""
    tiers = tuple(
        tuple(int(item) for item in tier.split("=")) for tier in text.split(">") if tier.strip()
    )
    items = tuple(sorted({item for tier in tiers for item in tier} | set(aside)))
    return RankingRecord(
        level, criterion, items, tiers, tuple(aside), tuple(failed), scores, rater=rater
    )


def table(rows):
    """One ranking of two items per answer of a table."""
    out = []
    for i, j, first, second, *tied in rows:
        out += [ranking(f"{i} > {j}")] * first + [ranking(f"{j} > {i}")] * second
        out += [ranking(f"{i} = {j}")] * sum(tied)
    return out
