"""The content of a record as one number, so that a key used twice is not mistaken for a repeat."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from annotator.services.imports.texts import RecordRefusedError
from scoring.types import LabelRecord, NodeRecord, RaterRecord

if TYPE_CHECKING:
    from scoring.types import TreeRecord

# Tuples of fields encode several times faster than the dataclasses themselves.
_NODE = attrgetter(*[field.name for field in fields(NodeRecord)])
# ``adjudicated`` never comes out of a file.
_LABEL = attrgetter(
    *[field.name for field in fields(LabelRecord) if field.name not in ("rater", "adjudicated")],
    *[f"rater.{field.name}" for field in fields(RaterRecord)],
)


@dataclass(slots=True)
class _Span:
    """What a span said before it carried its time."""

    first: int
    last: int
    rater: RaterRecord
    rating: int | None
    error_type: str
    note: str


_SPAN = attrgetter(*[field.name for field in fields(_Span)])


def content_digest(record: TreeRecord) -> bytes:
    """Return the blake2b-16 of everything that ``record`` says, but not of where it stands.

    Key, line, position and warnings are left out; the order of JSON fields does not count.

    Raises:
        RecordRefusedError: a ``meta`` is nested too deep.
    """
    content: list[Any] = [
        record.problem,
        list(map(_NODE, record.nodes)),
        record.traces,
        record.merge,
        list(map(_LABEL, record.labels)),
        [_Span(*_SPAN(span)) for span in record.spans],
        record.alternatives,
        record.scores,
        record.meta,
    ]
    # Records without them keep the digests that they were stored with.
    further = [record.rankings, record.submissions, record.comments, record.adjudications]
    option = orjson.OPT_SORT_KEYS
    if any(further):
        content += further
        option |= orjson.OPT_NON_STR_KEYS  # scores go by item; strings alone are faster
    if any(span.milliseconds is not None for span in record.spans):
        content.append([span.milliseconds for span in record.spans])
    try:
        text = orjson.dumps(content, option=option)
    except TypeError:  # integers beyond 64 bits, nesting beyond 254 levels
        text = _encoded_slowly(content)
    return blake2b(text, digest_size=16).digest()


def _encoded_slowly(content: list[Any]) -> bytes:
    try:
        return json.dumps(content, default=asdict, sort_keys=True).encode()
    except RecursionError:
        raise RecordRefusedError("the record is nested too deep (limit about 900)") from None
