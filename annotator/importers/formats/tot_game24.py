"""Tree of Thoughts, Game of 24: a JSON array of search logs, one puzzle each.

A node's text in the log is everything so far; here a step holds its own line and hangs below the
node of the text without that line. Every proposal is a step of its own, equal siblings too. The
numbers ``(left: …)`` become the state after the step, so equal states can be found again.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import correct
from annotator.importers.fields import (
    FieldError,
    array,
    extras,
    fail,
    filled_text,
    finite,
    mapping,
    member,
    same_length,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import (
    ROOT,
    ImportItem,
    NodeRecord,
    OutcomeRecord,
    ProblemRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEFT = re.compile(r"\(left: *([^()]*)\)")
_KNOWN = ("steps", "ys", "infos")
_ANSWER = "Answer:"


def sniff(head: bytes) -> bool:
    """Search steps with proposals, and the numbers left."""
    return outline(head).has("steps", "steps.new_ys", "steps.values") and b"(left: " in head


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one search tree per puzzle."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    steps = array(record, "steps")
    if not steps:
        raise FieldError("field 'steps' is empty: there is no search to import")
    puzzle = filled_text(mapping(steps[0], "steps[0]"), "x", "steps[0].")
    key = f"{record.get('idx', puzzle)}:{digest(record)}"
    nodes: list[NodeRecord] = []
    places: dict[str, int] = {"": ROOT}
    for depth, step in enumerate(steps):
        path = f"steps[{depth}]."
        step = mapping(step, path[:-1])
        if step.get("x", puzzle) != puzzle:
            fail(f"{path}x", f"'{puzzle}' as in the first step", step["x"])
        _add_proposals(step, path, nodes, places)
    return TreeRecord(
        key=key,
        problem=ProblemRecord(puzzle, "24", {"game": "24"}),
        nodes=nodes,
        traces=_traces(record, places, key),
        merge=False,
        meta=extras(record, _KNOWN),
    )


def _add_proposals(
    step: dict[str, Any], path: str, nodes: list[NodeRecord], places: dict[str, int]
) -> None:
    """Append the proposals of one search step; ``places`` maps a whole text to its first node."""
    proposals = array(step, "new_ys", path)
    values = array(step, "values", path)
    same_length(f"{path}values", values, f"{path}new_ys", len(proposals))
    kept = _kept(step, path, proposals)
    for i, (whole, value) in enumerate(zip(proposals, values, strict=True)):
        if type(whole) is not str or not whole.strip():
            fail(f"{path}new_ys[{i}]", "text", whole)
        prefix, line = _split(whole)
        if prefix not in places:
            raise FieldError(
                f"field '{path}new_ys[{i}]': no earlier proposal has the text before its last line"
            )
        node = _node(line, places[prefix], finite(value, f"{path}values[{i}]"))
        if whole in kept:
            kept.remove(whole)  # of equal proposals only the first is the one that goes on
        else:
            node.meta = {"pruned": True}
        places.setdefault(whole, len(nodes))
        nodes.append(node)


def _kept(step: dict[str, Any], path: str, proposals: list[Any]) -> set[str]:
    kept = array(step, "select_new_ys", path)
    for i, whole in enumerate(kept):
        if whole not in proposals:
            fail(f"{path}select_new_ys[{i}]", "one of 'new_ys'", whole)
    return set(kept)


def _split(whole: str) -> tuple[str, str]:
    """Cut the last line off; every line of the log ends with a newline."""
    at = whole.rstrip("\n").rfind("\n") + 1
    return whole[:at], whole[at:].rstrip("\n")


def _node(line: str, parent: int, value: float) -> NodeRecord:
    node = NodeRecord(line, parent, value=value)
    left = _LEFT.search(line)
    if left:
        node.state_after = " ".join(sorted(left[1].split(), key=_number))
    if line.startswith(_ANSWER):
        node.kind = "answer"
    return node


def _number(word: str) -> tuple[float, str]:
    try:
        return float(word), word
    except ValueError:  # models also leave words and fractions
        return float("inf"), word


def _traces(record: dict[str, Any], places: dict[str, int], key: str) -> list[TraceRecord]:
    ends, infos = array(record, "ys"), array(record, "infos")
    same_length("infos", infos, "ys", len(ends))
    traces = []
    for i, (whole, info) in enumerate(zip(ends, infos, strict=True)):
        if not isinstance(whole, str) or places.get(whole, ROOT) == ROOT:
            fail(f"ys[{i}]", "the text of a proposal", whole)
        traces.append(TraceRecord(places[whole], f"{key}:{i}", outcomes=[_outcome(info, i)]))
    return traces


def _outcome(info: object, i: int) -> OutcomeRecord:
    reward = member(mapping(info, f"infos[{i}]"), "r", f"infos[{i}].")
    if isinstance(reward, bool) or reward not in (0, 1):
        fail(f"infos[{i}].r", "0 or 1", reward)
    return correct(bool(reward), "r")
