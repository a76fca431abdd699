"""Record keys for sources that have none of their own, or reuse theirs."""

from __future__ import annotations

from hashlib import blake2b

import orjson


def digest(value: object) -> str:
    """Return 20 hex digits that depend on the content of a JSON value, not on its layout."""
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return blake2b(data, digest_size=10).hexdigest()
