"""openr OmegaPRM trees: nested ``{text, mc_value, children}`` with Monte-Carlo values.

The root repeats the question; the nodes below it are steps, kept one by one even where siblings have
equal text. ``mc_value`` is the share of rollouts from there that end right. Each leaf is the end of a
trace whose outcome ``mc_value`` is the leaf's value.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.fields import (
    FieldError,
    extras,
    fail,
    filled_text,
    mapping,
    member,
    scalar_text,
    show,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.parsing import parse_lenient
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

_KNOWN = ("question", "final_answer", "reasoning_steps")
_NODE = ("text", "mc_value", "children")


def sniff(head: bytes) -> bool:
    """A question with nested reasoning steps."""
    return outline(head).has("question", "reasoning_steps.mc_value", "reasoning_steps.children")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one tree per record."""
    return build_each(stream, _build, parse_lenient)


def _build(record: dict[str, Any]) -> TreeRecord:
    root = mapping(member(record, "reasoning_steps"), "reasoning_steps")
    warnings: list[str] = []
    nodes, leaves = _walk(root, warnings)
    if not nodes:
        raise FieldError("field 'reasoning_steps.children' is empty: there are no steps to import")
    key = f"{record.get('question_id', '')}:{digest(record)}"
    meta = extras(record, _KNOWN)
    meta["mc_value"] = _value(root, "reasoning_steps.", warnings)
    return TreeRecord(
        key=key,
        problem=ProblemRecord(filled_text(record, "question"), scalar_text(record, "final_answer")),
        nodes=nodes,
        traces=[
            TraceRecord(
                leaf,
                f"{key}:{leaf}",
                outcomes=[OutcomeRecord("mc_value", nodes[leaf].value, "rollouts")],
            )
            for leaf in leaves
        ],
        merge=False,
        meta=meta,
        warnings=warnings,
    )


def _walk(root: dict[str, Any], warnings: list[str]) -> tuple[list[NodeRecord], list[int]]:
    """Return the nodes below ``root`` in pre-order, and the positions of the leaves."""
    nodes: list[NodeRecord] = []
    leaves: list[int] = []
    stack = _children(root, "reasoning_steps", ROOT)
    while stack:
        item, path, parent = stack.pop()
        node = mapping(item, path)
        at = len(nodes)
        text = member(node, "text", f"{path}.")
        if type(text) is not str:
            fail(f"{path}.text", "text", text)
        value = _value(node, f"{path}.", warnings)
        nodes.append(NodeRecord(text, parent, value=value, meta=extras(node, _NODE, f"{path}.")))
        below = _children(node, path, at)
        if not below:
            leaves.append(at)
        stack += below
    return nodes, leaves


def _children(node: dict[str, Any], path: str, at: int) -> list[tuple[Any, str, int]]:
    """Return the children last first, as a stack takes them."""
    children = node.get("children")
    if children is None:
        return []
    if type(children) is not list:
        fail(f"{path}.children", "an array", children)
    return [(children[i], f"{path}.children[{i}]", at) for i in range(len(children) - 1, -1, -1)]


def _value(node: dict[str, Any], path: str, warnings: list[str]) -> float | None:
    value = node.get("mc_value")
    if type(value) in (int, float) and 0 <= value <= 1:  # type: ignore[operator]
        return float(value)  # type: ignore[arg-type]
    if value is not None:
        warnings.append(
            f"field '{path}mc_value': {show(value)} is not a share from 0 to 1; kept as missing"
        )
    return None
