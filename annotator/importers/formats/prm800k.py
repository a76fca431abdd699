"""PRM800K: one labelled solution per line, as a tree in which unchosen candidates are leaves.

Every field survives, in parts: texts in nodes and alternatives, ratings in labels, and in ``meta`` a
skeleton that says how many candidates each step had, which was chosen and what kind of human step
there was. ``exporters.formats.prm800k`` puts the line together again.

Steps that were generated but never labelled (phase 2 stops at the first error) continue the tree as
unlabelled nodes, on a second trace.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from annotator.importers.fields import (
    array,
    extras,
    fail,
    filled_text,
    index,
    mapping,
    member,
    text,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from scoring.types import (
    RATINGS,
    ROOT,
    AlternativeRecord,
    ImportItem,
    LabelRecord,
    NodeRecord,
    ProblemRecord,
    RaterRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUESTION = ("problem", "pre_generated_steps")
_STEP = ("completions", "human_completion", "chosen_completion")


def sniff(head: bytes) -> bool:
    """A question with its problem, and a label with steps or the quality flags."""
    seen = outline(head)
    return seen.has("question.problem") and (
        seen.has("label.steps") or seen.has("is_quality_control_question")
    )


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one tree per labelled solution."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    question = mapping(member(record, "question"), "question")
    label = mapping(member(record, "label"), "label")
    labeler = record.get("labeler")
    chain = _Chain(
        RaterRecord("imported", labeler if isinstance(labeler, str) and labeler else "prm800k")
    )
    for i, step in enumerate(array(label, "steps", "label.")):
        path = f"label.steps[{i}]"
        chain.add(mapping(step, path), f"{path}.")
    key = digest(record)
    traces = [] if chain.end == ROOT else [TraceRecord(chain.end, key)]
    meta: dict[str, Any] = {
        "record": extras(record, ("question", "label")),
        "question": _question_meta(question),
        "label": extras(label, ("steps",), "label."),
        "steps": chain.skeleton,
    }
    if question.get("pre_generated_steps") is not None:
        end = chain.add_generated(array(question, "pre_generated_steps", "question."))
        meta["pre_generated_end"] = end
        if end not in (ROOT, chain.end):
            traces.append(TraceRecord(end, f"{key}:pre_generated"))
    reference = question.get("ground_truth_answer")
    return TreeRecord(
        key=key,
        problem=ProblemRecord(
            filled_text(question, "problem", "question."),
            reference if isinstance(reference, str) else "",
        ),
        nodes=chain.nodes,
        traces=traces,
        merge=False,
        labels=chain.labels,
        alternatives=chain.alternatives,
        meta=meta,
        warnings=chain.warnings,
    )


def _question_meta(question: dict[str, Any]) -> dict[str, Any]:
    """Keep the fields of the question that have no place of their own, nulls too."""
    kept = extras(question, _QUESTION, "question.")
    if isinstance(kept.get("ground_truth_answer"), str):
        kept["ground_truth_answer"] = True  # the text is the problem's reference
    if "pre_generated_steps" in question and question["pre_generated_steps"] is None:
        kept["pre_generated_steps"] = None
    return kept


class _Chain:
    """Grows the tree step by step along the chosen candidates."""

    def __init__(self, rater: RaterRecord) -> None:
        self.rater = rater
        self.nodes: list[NodeRecord] = []
        self.labels: list[LabelRecord] = []
        self.alternatives: list[AlternativeRecord] = []
        self.skeleton: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.end = ROOT
        self._ended = False
        self._children: dict[tuple[int, str], int] = {}

    def add(self, step: dict[str, Any], path: str) -> None:
        """Add the candidates of one step below the current end, then move the end."""
        if self._ended:
            self.warnings.append(f"field '{path[:-1]}' follows a step at which nothing was chosen")
        shape = extras(step, _STEP, path)
        bones: dict[str, Any] = {"extra": shape} if shape else {}
        candidates = self._candidates(step, path, bones)
        human = self._human(step, path, bones)
        chosen = step.get("chosen_completion")
        if "chosen_completion" in step:
            bones["chosen"] = chosen
        self.skeleton.append(bones)
        if chosen is not None:
            where = f"{path}chosen_completion"
            self.end = candidates[index(chosen, where, 0, len(candidates) - 1, "0-based")]
        elif human is not None:
            self.end = human
        else:
            self._ended = True

    def add_generated(self, texts: list[Any]) -> int:
        """Follow the generated solution, adding what was never labelled; return its last node."""
        at = ROOT
        for i, content in enumerate(texts):
            if type(content) is not str:
                fail(f"question.pre_generated_steps[{i}]", "text", content)
            known = self._children.get((at, content))
            at = self._node(content, at, {"pre_generated": True}) if known is None else known
        return at

    def _node(self, content: str, parent: int, meta: dict[str, Any]) -> int:
        at = len(self.nodes)
        self.nodes.append(NodeRecord(content, parent, meta=meta))
        self._children.setdefault((parent, content), at)
        return at

    def _candidates(self, step: dict[str, Any], path: str, bones: dict[str, Any]) -> list[int]:
        if "completions" not in step:
            return []
        if step["completions"] is None:
            bones["completions"] = None
            return []
        found = []
        for i, completion in enumerate(array(step, "completions", path)):
            where = f"{path}completions[{i}]"
            found.append(self._judged(mapping(completion, where), f"{where}."))
        bones["completions"] = len(found)
        return found

    def _judged(self, completion: dict[str, Any], path: str) -> int:
        """Add a candidate and its label."""
        meta = extras(completion, ("text",), path)
        at = self._node(text(completion, "text", path), self.end, meta)
        self._label(at, meta, path)
        return at

    def _label(self, node: int, meta: dict[str, Any], path: str) -> None:
        """Move a rating, null included, from the fields of a step into a label of its own."""
        if "rating" not in meta:
            return
        rating = meta.pop("rating")
        if rating is not None and (type(rating) is not int or rating not in RATINGS):
            fail(f"{path}rating", "-1, 0, 1 or null", rating)
        kept = {"flagged": meta.pop("flagged")} if "flagged" in meta else {}
        self.labels.append(LabelRecord(node, self.rater, rating, meta=kept))

    def _human(self, step: dict[str, Any], path: str, bones: dict[str, Any]) -> int | None:
        """Keep the human step as an alternative; on the chosen path it is a node as well."""
        if "human_completion" not in step:
            return None
        human = step["human_completion"]
        bones["human"] = None
        if human is None:
            return None
        bones["human"] = "text" if isinstance(human, str) else "object"
        where = f"{path}human_completion"
        fields = {"text": human} if isinstance(human, str) else mapping(human, where)
        content = text(fields, "text", f"{where}.")
        meta = extras(fields, ("text",), f"{where}.")
        parent, node = self.end, None
        if step.get("chosen_completion") is None:
            node = self._node(content, parent, {"human": True})
            self._label(node, meta, f"{where}.")
        self.alternatives.append(AlternativeRecord(parent, content, self.rater, meta=meta))
        return node
