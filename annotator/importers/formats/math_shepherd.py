"""Math-Shepherd: ``input`` with a ``ки`` after each step, ``label`` the same text with + or - there.

The problem is what stands before ``Step 1:``. The mark of the last step says whether the final
answer is right (there is nothing left to roll out), so it is also the outcome ``correct``. The other
marks were estimated from rollouts of a model; nobody read the steps, so the rater is a machine.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain, correct
from annotator.importers.fields import FieldError, extras, filled_text, text
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import (
    ImportItem,
    LabelRecord,
    ProblemRecord,
    RaterRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "ки"
_ESCAPED_MARK = rb"\u043a\u0438"
_FIRST_STEP = re.compile(r"\bStep 1\s*:")
_RATER = RaterRecord("machine", "math-shepherd:monte-carlo")
_RATINGS = {"+": 1, "-": -1}


def sniff(head: bytes) -> bool:
    """``input`` and ``label`` with the step mark in the text."""
    seen = outline(head)
    marked = MARK.encode() in head or _ESCAPED_MARK in head.lower()
    return seen.has("input", "label") and not seen.has("steps") and marked


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one flat trace per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    source = filled_text(record, "input")
    ratings = _ratings(source, text(record, "label"))
    first = _FIRST_STEP.search(source)
    if not first or not source[: first.start()].strip():
        raise FieldError("field 'input': no question followed by 'Step 1:'")
    pieces = source[first.start() :].split(MARK)
    tail = pieces.pop().strip()
    if len(pieces) != len(ratings):
        raise FieldError(f"field 'input': '{MARK}' stands inside the question")
    steps = [piece.strip() for piece in pieces]
    if tail:  # text after the last mark was never judged
        steps.append(tail)
    outcome = correct(None if tail else ratings[-1] > 0, "label of the last step")
    return TreeRecord(
        key=digest(record),
        problem=ProblemRecord(source[: first.start()].strip()),
        nodes=chain(steps),
        traces=[TraceRecord(len(steps) - 1, outcomes=[outcome])],
        merge=True,
        labels=[LabelRecord(node, _RATER, rating) for node, rating in enumerate(ratings)],
        meta=extras(record, ("input", "label")),
    )


def _ratings(source: str, labelled: str) -> list[int]:
    """Read the sign at each mark; both texts must be equal everywhere else."""
    ratings: list[int] = []
    at = 0
    pieces = source.split(MARK)
    for number, piece in enumerate(pieces):
        if not labelled.startswith(piece, at):
            raise FieldError(
                f"field 'label' differs from 'input' after step {number} (character {at})"
            )
        at += len(piece)
        if number < len(pieces) - 1:
            sign = labelled[at : at + 1]
            if sign not in _RATINGS:
                raise FieldError(
                    f"field 'label': expected + or - at character {at} (step {number + 1}), got '{sign}'"
                )
            ratings.append(_RATINGS[sign])
            at += 1
    if at != len(labelled):
        raise FieldError(f"field 'label' goes on after the last step (character {at})")
    if not ratings:
        raise FieldError(f"field 'input' has no step mark '{MARK}'")
    return ratings
