"""PandaLM test set: two responses to an instruction, compared by three annotators.

``annotator1`` … ``annotator3`` say 0 tie, 1 the first response, 2 the second; they stay three raters. A
response is one step. A few responses of the published file are JSON booleans where the model wrote
"True."; they become the texts "True" and "False", with a warning. Responses may be empty.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.fields import extras, fail, index, member, optional_text, text
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import (
    ImportItem,
    NodeRecord,
    ProblemRecord,
    RankingRecord,
    RaterRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANNOTATORS = ("annotator1", "annotator2", "annotator3")
_RESPONSES = ("response1", "response2")
_KNOWN = ("idx", "instruction", "input", *_RESPONSES, *_ANNOTATORS)
_ORDERS = ([[0, 1]], [[0], [1]], [[1], [0]])
_MAX_IDX = 10**9


def sniff(head: bytes) -> bool:
    """An instruction, two responses and an annotator."""
    return outline(head).has("instruction", *_RESPONSES, "annotator1")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one problem with two traces per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    idx = index(member(record, "idx"), "idx", 0, _MAX_IDX)
    parts = [text(record, "instruction"), optional_text(record, "input")]
    prompt = "\n\n".join(part for part in parts if part.strip())
    if not prompt:
        fail("instruction", "text, or an input that is", parts[0])
    key = f"{idx}:{digest(record)}"
    tree = TreeRecord(
        key=key,
        problem=ProblemRecord(prompt),
        nodes=[],
        traces=[TraceRecord(at, f"{key}:{at + 1}") for at in range(len(_RESPONSES))],
        merge=True,
        meta=extras(record, _KNOWN),
    )
    for name in _RESPONSES:
        tree.nodes.append(NodeRecord(_response(record, name, tree.warnings)))
    for name in _ANNOTATORS:
        answer = index(member(record, name), name, 0, 2, "0 tie, 1 the first, 2 the second")
        tiers = [list(tier) for tier in _ORDERS[answer]]
        tree.rankings.append(
            RankingRecord("trace", tiers, RaterRecord("imported", f"pandalm {name}"))
        )
    return tree


def _response(record: dict[str, Any], name: str, warnings: list[str]) -> str:
    value = member(record, name)
    if isinstance(value, bool):
        warnings.append(f"field '{name}' is a boolean, kept as the text '{value}'")
        return str(value)
    if type(value) is not str:
        fail(name, "text", value)
    return str(value)
