"""Fine-Grained RLHF feedback: four predictions of one question, their preference, spans of errors.

The predictions are prose, so their sentences are the steps. Errors mark characters of the first
prediction: a sentence in which one lies gets a label, with the exact places in its ``meta``. A wrong,
unverifiable or incoherent sentence is -1; an irrelevant or redundant one, which may well be true, is
0. Sentences without an error stay without a label, because nobody said that they are right.

``preference`` compares the pairs (1,2) (1,3) (1,4) (2,3) (2,4) (3,4): 0 tie, 1 the first, 2 the second.
Where the six answers are a weak order they are one ranking of four. Where they are not (ties that do
not carry over, or a circle), each stays a ranking of two.
"""

from __future__ import annotations

from itertools import combinations
from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain
from annotator.importers.fields import (
    array,
    check_depth,
    extras,
    fail,
    filled_text,
    index,
    mapping,
    member,
    optional_text,
    scalar_text,
    text,
)
from annotator.importers.keys import digest
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from annotator.importers.sentences import sentences
from scoring.types import (
    ROOT,
    AlternativeRecord,
    ImportItem,
    LabelRecord,
    NodeRecord,
    ProblemRecord,
    RankingRecord,
    RaterRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

N = 4
PAIRS = list(combinations(range(N), 2))
_PREDICTIONS = [f"prediction {number}" for number in range(1, N + 1)]
_KNOWN = ("question", "gold", "feedback", "preference", *_PREDICTIONS)
_FEEDBACK = ("errors", "missing-info", "corrected-prediction")
_ERROR = ("error type", "explanation", "start", "end")
_RATER = RaterRecord("imported", "fine_grained_rlhf")
_NO_MISTAKE = ("irrelevant", "redundant")

Range = tuple[int, int]


def sniff(head: bytes) -> bool:
    """A question with passages and predictions that have numbers in their names."""
    return outline(head).has("question", "passages", "prediction 1")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield one problem with four traces per record."""
    return build_each(stream, _build)


def _build(record: dict[str, Any]) -> TreeRecord:
    feedback = mapping(member(record, "feedback"), "feedback")
    nodes: list[NodeRecord] = []
    traces: list[TraceRecord] = []
    key = digest(record)
    for number, name in enumerate(_PREDICTIONS, 1):
        prediction = filled_text(record, name)
        parts = [prediction[a:b] for a, b in sentences(prediction)]
        nodes += chain(parts, len(nodes))
        trace = TraceRecord(len(nodes) - 1, f"{key}:{number}")
        if " ".join(parts) != prediction:
            trace.meta["text"] = prediction
        traces.append(trace)
    missing = array(feedback, "missing-info", "feedback.") if "missing-info" in feedback else []
    if missing:
        check_depth(missing, "feedback.missing-info")
        traces[0].meta["missing-info"] = missing
    rest = extras(record, _KNOWN)
    tree = TreeRecord(
        key=key,
        problem=ProblemRecord(
            filled_text(record, "question"),
            scalar_text(record, "gold"),
            {"passages": rest.pop("passages")} if "passages" in rest else {},
        ),
        nodes=nodes,
        traces=traces,
        merge=True,
        labels=_labels(record[_PREDICTIONS[0]], feedback),
        alternatives=_corrected(record[_PREDICTIONS[0]], feedback),
        meta=rest | extras(feedback, _FEEDBACK, "feedback."),
    )
    _rank(tree, array(record, "preference"))
    return tree


def _labels(prediction: str, feedback: dict[str, Any]) -> list[LabelRecord]:
    """Return a label for each sentence of the first prediction in which an error lies."""
    ranges = sentences(prediction)
    by_sentence: dict[int, list[dict[str, Any]]] = {}
    for i, error in enumerate(array(feedback, "errors", "feedback.")):
        path = f"feedback.errors[{i}]."
        error = mapping(error, path[:-1])
        start = index(member(error, "start", path), f"{path}start", 0, len(prediction) - 1)
        end = index(member(error, "end", path), f"{path}end", start + 1, len(prediction))
        filled_text(error, "error type", path)
        optional_text(error, "explanation", path)
        for at, (first, last) in enumerate(ranges):
            if start < last and end > first:
                place = {"start": max(start, first) - first, "end": min(end, last) - first}
                rest = extras(error, _ERROR, path)
                by_sentence.setdefault(at, []).append({**error, **rest, **place})
    return [_label(at, errors) for at, errors in sorted(by_sentence.items())]


def _label(at: int, errors: list[dict[str, Any]]) -> LabelRecord:
    """Return one label for all errors of a sentence; the gravest, then the longest gives its type."""

    def gravity(error: dict[str, Any]) -> tuple[bool, int]:
        harmless = error["error type"].casefold() in _NO_MISTAKE
        return harmless, error["start"] - error["end"]

    first, *_ = sorted(errors, key=gravity)
    return LabelRecord(
        at,
        _RATER,
        0 if gravity(first)[0] else -1,
        error_type=first["error type"],
        note=first.get("explanation") or "",
        meta={"errors": errors},
    )


def _corrected(prediction: str, feedback: dict[str, Any]) -> list[AlternativeRecord]:
    """Return the whole answer that the annotator wrote instead, if it is another one."""
    if "corrected-prediction" not in feedback:
        return []
    corrected = text(feedback, "corrected-prediction", "feedback.")
    if not corrected.strip() or corrected.strip() == prediction.strip():
        return []
    meta = {"of": _PREDICTIONS[0], "whole": True}
    return [AlternativeRecord(ROOT, corrected, _RATER, meta=meta)]


def _rank(tree: TreeRecord, answers: list[Any]) -> None:
    """Add the preference to ``tree``: one ranking if the answers are an order, else one each."""
    if len(answers) != len(PAIRS):
        fail("preference", f"{len(PAIRS)} numbers, one per pair", answers)
    for i, answer in enumerate(answers):
        index(answer, f"preference[{i}]", 0, 2, "0 tie, 1 the first, 2 the second")
    tiers = weak_order(answers)
    if tiers is not None:
        tree.rankings = [RankingRecord("trace", tiers, _RATER)]
        return
    tree.warnings.append(
        "field 'preference' is no order (ties that do not carry over, or a circle): "
        "kept as six comparisons of two"
    )
    for (a, b), answer in zip(PAIRS, answers, strict=True):
        order = [[[a, b]], [[a], [b]], [[b], [a]]][answer]
        tree.rankings.append(RankingRecord("trace", order, _RATER, meta={"pairwise": True}))


def weak_order(answers: list[int]) -> list[list[int]] | None:
    """Return tiers, best first, that say exactly what the answers say; None if there are none."""
    wins = [0] * N
    for (a, b), answer in zip(PAIRS, answers, strict=True):
        if answer:
            wins[a if answer == 1 else b] += 1
            wins[b if answer == 1 else a] -= 1
    for (a, b), answer in zip(PAIRS, answers, strict=True):
        if (wins[a] > wins[b], wins[b] > wins[a]) != (answer == 1, answer == 2):
            return None
    levels = sorted(set(wins), reverse=True)
    return [[item for item in range(N) if wins[item] == level] for level in levels]
