"""Best-of-n candidates: one object per problem whose ``candidates`` are sampled solutions.

Each candidate is a record of its own; its trace key ``<problem_id>:<position>`` is what score files
join on. ``raw_text`` repeats the steps with the chat preamble and is not stored.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import orjson

from annotator.importers import arrays
from annotator.importers.chains import correct
from annotator.importers.fields import (
    FieldError,
    array,
    boolean,
    extras,
    fail,
    filled_text,
    mapping,
    member,
    optional_text,
    scalar_text,
)
from annotator.importers.keys import digest
from annotator.importers.lines import chained, opened, wrong_encoding
from annotator.importers.outline import outline
from annotator.importers.parsing import parse
from scoring.types import (
    ROOT,
    ImportItem,
    NodeRecord,
    ProblemRecord,
    Rejected,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHOLE = 8 << 20
_CANDIDATE = ("problem_id", "problem", "raw_text", "steps", "is_correct", "model_name")
_PROBLEM = ("question", "ground_truth")
_STEP = {"index", "text"}
_HEADER = ("problem_id", "n", "candidates")


def sniff(head: bytes) -> bool:
    """A problem id and candidates with steps, in one object."""
    return outline(head).has("problem_id", "candidates")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one flat trace per candidate."""
    head, reader = opened(stream)
    reason = wrong_encoding(head)
    if reason:
        yield Rejected(reason, None, 0)
        return
    start = reader.read(_WHOLE)
    if not start.strip():
        return
    whole = None if len(start) == _WHOLE else _small(start)
    if whole is None:
        yield from _streamed(arrays.Scanner(chained(start, reader)))
    else:
        header = {name: value for name, value in whole.items() if name != "candidates"}
        for position, candidate in enumerate(whole["candidates"]):
            yield _record(header, candidate, position)


def _small(data: bytes) -> dict[str, Any] | None:
    """Parse a usual file at once; None if it needs the careful way that finds the fault."""
    if rb"\u0000" in data:
        return None
    try:
        whole = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    usual = type(whole) is dict and type(whole.get("candidates")) is list
    return whole if usual else None


def _streamed(scanner: arrays.Scanner) -> Iterator[ImportItem]:
    """Read member by member; fields after the candidates come too late to matter."""
    header: dict[str, Any] = {}
    position, seen = 0, False
    try:
        for raw_name in arrays.members(scanner):
            name = parse(raw_name)
            if name != "candidates":
                header[name] = parse(scanner.value())
                continue
            seen = True
            for raw in arrays.elements(scanner):
                yield _parsed(header, raw, position)
                position += 1
        arrays.end(scanner)
    except (arrays.CutError, FieldError) as error:
        yield Rejected(str(error), None, position)
        return
    if not seen:
        yield Rejected("field 'candidates' is missing", None, 0)


def _parsed(header: dict[str, Any], raw: bytes, position: int) -> ImportItem:
    try:
        candidate = parse(raw)
    except FieldError as error:
        return Rejected(str(error), None, position)
    return _record(header, candidate, position)


def _record(header: dict[str, Any], candidate: Any, position: int) -> ImportItem:
    try:
        return _build(header, candidate, position)
    except FieldError as error:
        return Rejected(str(error), None, position)


def _build(header: dict[str, Any], candidate: Any, position: int) -> TreeRecord:
    path = f"candidates[{position}]."
    candidate = mapping(candidate, path[:-1])
    problem_id = filled_text(header if "problem_id" in header else candidate, "problem_id")
    if candidate.get("problem_id", problem_id) != problem_id:
        fail(f"{path}problem_id", f"'{problem_id}' as in the header", candidate["problem_id"])
    problem = mapping(member(candidate, "problem", path), f"{path}problem")
    nodes = _steps(candidate, path)
    model = optional_text(candidate, "model_name", path)
    outcome = correct(boolean(candidate, "is_correct", path), "is_correct")
    sampling = extras(header, _HEADER)
    content = [filled_text(problem, "question", f"{path}problem."), model, sampling]
    content += [node.text for node in nodes]
    key = f"{problem_id}:{position}"
    return TreeRecord(
        # Another model's file may use the same problem ids: the content tells them apart.
        key=f"{key}:{digest(content)}",
        problem=ProblemRecord(
            problem["question"],
            scalar_text(problem, "ground_truth", f"{path}problem."),
            extras(problem, _PROBLEM, f"{path}problem."),
        ),
        nodes=nodes,
        traces=[
            TraceRecord(
                len(nodes) - 1,
                key,
                model,
                sampling,
                [outcome],
                extras(candidate, _CANDIDATE, path),
            )
        ],
        merge=True,
        record=position,
    )


def _steps(candidate: dict[str, Any], path: str) -> list[NodeRecord]:
    steps = array(candidate, "steps", path)
    if not steps:
        raise FieldError(f"field '{path}steps' is empty: a trace needs at least one step")
    nodes = []
    for i, step in enumerate(steps):
        if type(step) is not dict or type(step.get("text")) is not str:
            fail(f"{path}steps[{i}]", "an object with a text", step)
        if step.get("index", i) != i:
            fail(f"{path}steps[{i}].index", f"{i}", step["index"])
        meta = {k: v for k, v in step.items() if v is not None and k not in _STEP}
        nodes.append(NodeRecord(step["text"], i - 1 if i else ROOT, meta=meta))
    return nodes
