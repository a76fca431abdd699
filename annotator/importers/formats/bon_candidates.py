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
        yield from _records(whole.pop("candidates"), whole)


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


def _records(candidates: list[Any], header: dict[str, Any]) -> Iterator[ImportItem]:
    try:
        file = _File(header)
    except FieldError as error:
        yield Rejected(str(error), None, 0)
        return
    for position, candidate in enumerate(candidates):
        yield _record(file, candidate, position)


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
            seen, file = True, _File(header)
            for raw in arrays.elements(scanner):
                yield _parsed(file, raw, position)
                position += 1
        arrays.end(scanner)
    except (arrays.CutError, FieldError) as error:
        yield Rejected(str(error), None, position)
        return
    if not seen:
        yield Rejected("field 'candidates' is missing", None, 0)


def _parsed(file: _File, raw: bytes, position: int) -> ImportItem:
    try:
        candidate = parse(raw)
    except FieldError as error:
        return Rejected(str(error), None, position)
    return _record(file, candidate, position)


def _record(file: _File, candidate: Any, position: int) -> ImportItem:
    try:
        return file.build(candidate, position)
    except FieldError as error:
        return Rejected(str(error), None, position)


class _File:
    """What the candidates of one file have in common, read once."""

    def __init__(self, header: dict[str, Any]) -> None:
        self.problem_id = filled_text(header, "problem_id") if "problem_id" in header else ""
        self.sampling = extras(header, _HEADER)
        self._problem: dict[str, Any] = {}
        self._record = ProblemRecord("")

    def problem(self, candidate: dict[str, Any], path: str) -> ProblemRecord:
        """Return the problem of a candidate; nearly always that of the one before."""
        problem = candidate.get("problem")
        if not problem or problem != self._problem:
            path = f"{path}problem"
            problem = mapping(member(candidate, "problem", path), path)
            self._record = ProblemRecord(
                filled_text(problem, "question", f"{path}."),
                scalar_text(problem, "ground_truth", f"{path}."),
                extras(problem, _PROBLEM, f"{path}."),
            )
            self._problem = problem
        return self._record

    def build(self, candidate: Any, position: int) -> TreeRecord:
        """Return the record of one candidate."""
        path = f"candidates[{position}]."
        candidate = mapping(candidate, path[:-1])
        problem_id = self.problem_id or filled_text(candidate, "problem_id", path)
        if candidate.get("problem_id", problem_id) != problem_id:
            fail(f"{path}problem_id", f"'{problem_id}' as in the header", candidate["problem_id"])
        problem = self.problem(candidate, path)
        nodes = _steps(candidate, path)
        model = optional_text(candidate, "model_name", path)
        outcome = correct(boolean(candidate, "is_correct", path), "is_correct")
        content = [problem.prompt, model, self.sampling, [node.text for node in nodes]]
        key = f"{problem_id}:{position}"
        meta = extras(candidate, _CANDIDATE, path)
        return TreeRecord(
            # Another model's file may use the same problem ids: the content tells them apart.
            key=f"{key}:{digest(content)}",
            problem=problem,
            nodes=nodes,
            traces=[TraceRecord(len(nodes) - 1, key, model, self.sampling, [outcome], meta)],
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
        node = NodeRecord(step["text"], i - 1)
        if list(step.values()).count(None) != len(step) - len(_STEP):
            node.meta = {k: v for k, v in step.items() if v is not None and k not in _STEP}
        nodes.append(node)
    return nodes
