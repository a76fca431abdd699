"""Which problems are for training and which for testing: by a hash of the problem, for ever.

A problem's place depends on nothing but its own key, so adding problems moves no other one (except
back, where a split would have been empty without it).
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from annotator.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHARES: dict[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}


def shares_checked(shares: Mapping[str, float]) -> dict[str, float]:
    """Return ``shares`` in the fixed order of splits, those of 0 left out.

    Raises:
        InvalidError: an unknown split, a negative share, or a sum other than 1.
    """
    total = sum(shares.values())
    if not shares.keys() <= SHARES.keys() or min(shares.values(), default=-1) < 0:
        message = f"Splits are {', '.join(SHARES)}, each with a share from 0 to 1."
    elif not math.isclose(total, 1.0, abs_tol=1e-9):
        message = f"The shares of the splits add up to {total:g}, not to 1."
    else:
        return {name: float(shares[name]) for name in SHARES if shares.get(name)}
    raise InvalidError(message, fields={"splits": message})


def place(key: bytes) -> float:
    """Return where a problem falls in [0, 1): the same number in every project and version."""
    return int.from_bytes(hashlib.sha256(key).digest()[:8]) / 2**64


def splits_of(keys: Sequence[bytes], shares: Mapping[str, float]) -> list[str]:
    """Return the split of each problem.

    No split stays empty while there are problems enough: the problem with the lowest place in the
    largest split goes there. (Of 13 problems, a tenth by hash is none with one chance in four.)
    """
    found = [_split(place(key), shares) for key in keys]
    for name in shares:
        sizes = {other: found.count(other) for other in shares}
        largest = max(sizes, key=lambda other: sizes[other])
        if not sizes[name] and sizes[largest] > 1:
            inside = (at for at, split in enumerate(found) if split == largest)
            found[min(inside, key=lambda at: place(keys[at]))] = name
    return found


def _split(where: float, shares: Mapping[str, float]) -> str:
    edge = 0.0
    for name, share in shares.items():
        edge += share
        if where < edge:
            return name
    return list(shares)[-1]
