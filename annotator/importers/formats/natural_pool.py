"""StrictPRMBench natural pool: blinded cards, three rating sheets and a second round of answers.

* ``blinded_cards.jsonl``: two traces A and B of one problem. The chat preamble that repeats the
  question is not stored; paragraphs are steps. Trace keys are ``<card_id>:A`` and ``:B``.
* ``annotator_<n>.csv``: for each criterion of the header (``A: Completeness``, ``B: Completeness`` …) a
  mark from 1 to 5 per trace, and ``Overall Preference``. A sheet does not say whose it is: its rater is
  called after the file. Marks are kept as scores, tiers follow from them.
* ``results.csv``: the overall preference of three annotators in a later round. These are raters of
  their own, version "round 2", never merged with those of the sheets.

Rows of the CSV files join on the card id; the cards come first.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Any

from annotator.importers.chains import chain
from annotator.importers.fields import FieldError, extras, fail, filled_text, show
from annotator.importers.keys import digest
from annotator.importers.lines import opened
from annotator.importers.outline import outline
from annotator.importers.records import build_each
from annotator.importers.tables import rows
from scoring.types import (
    ImportItem,
    ProblemRecord,
    RankingRecord,
    RaterRecord,
    Rejected,
    TraceRankingsRecord,
    TraceRecord,
    TreeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "natural_pool"
_CARD = ("card_id", "question_text", "trace_A_text", "trace_B_text")
_SHEET_HEAD, _RESULTS_HEAD = "Card ID", "card_id"
_OVERALL = "Overall Preference"
_TABLE = re.compile(rb"\s*\"?(?:Card ID|card_id)\"?,")
_RESULTS = re.compile(r"(annotator_\d+)_raw")
_ANSWERS = {"A": [[0], [1]], "B": [[1], [0]], "No preference": [[0, 1]]}
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_MARKS = {str(mark): float(mark) for mark in range(1, 6)}


def sniff(head: bytes) -> bool:
    """A card with its two traces, or the header of one of the tables."""
    if _TABLE.match(head.removeprefix(b"\xef\xbb\xbf")):
        line = head.split(b"\n", 1)[0]
        return _OVERALL.encode() in line or b"annotator_1_raw" in line
    return outline(head).has("card_id", "trace_A_text")


def read(stream: IO[bytes]) -> Iterator[ImportItem]:
    """Yield two traces per card, or the rankings of one row of a table."""
    head, reader = opened(stream)
    if not _TABLE.match(head):
        yield from build_each(reader, _build)
        return
    for record, (row, line) in enumerate(rows(reader)):
        try:
            item = _judged(row) if isinstance(row, dict) else Rejected(row)
        except FieldError as error:
            item = Rejected(str(error))
        item.line, item.record = line, record
        yield item


def _build(record: dict[str, Any]) -> TreeRecord:
    card = filled_text(record, "card_id")
    question = filled_text(record, "question_text")
    tree = TreeRecord(
        key=f"{card}:{digest(record)}",
        problem=ProblemRecord(question),
        nodes=[],
        traces=[],
        merge=True,
        meta=extras(record, _CARD),
    )
    for side in "AB":
        text = filled_text(record, f"trace_{side}_text")
        steps = [part for part in _PARAGRAPH.split(_answer(text, question)) if part.strip()]
        tree.nodes += chain(steps, len(tree.nodes))
        tree.traces.append(TraceRecord(len(tree.nodes) - 1, f"{card}:{side}"))
    return tree


def _answer(text: str, question: str) -> str:
    """Return what follows the chat preamble, or the whole text if it has none."""
    _, mark, answer = text.partition(f"\nuser\n{question.strip()}\nassistant\n")
    return answer if mark and answer.strip() else text


def _judged(row: dict[str, str]) -> TraceRankingsRecord:
    return _sheet_row(row) if _SHEET_HEAD in row else _results_row(row)


def _record(card: str, key: str, rankings: list[RankingRecord]) -> TraceRankingsRecord:
    if not card:
        raise FieldError("the row names no card")
    if not rankings:
        raise FieldError("the table has no column with a judgement")
    return TraceRankingsRecord(key, KEY, [f"{card}:A", f"{card}:B"], rankings)


def _sheet_row(row: dict[str, str]) -> TraceRankingsRecord:
    card = row.pop(_SHEET_HEAD).strip()
    rater = RaterRecord("imported", "")
    rankings = []
    if _OVERALL in row:
        note = row.pop("Notes", "")
        overall = _preference(row, _OVERALL)
        rankings.append(RankingRecord("trace", overall, rater, note=note))
    for name in [name for name in row if name.startswith("A: ") and f"B: {name[3:]}" in row]:
        marks = {at: _mark(row, f"{side}: {name[3:]}") for at, side in enumerate("AB")}
        order = sorted(set(marks.values()), reverse=True)
        tiers = [[at for at in marks if marks[at] == mark] for mark in order]
        criterion = re.sub(r"\W+", "_", name[3:].strip().lower())
        rankings.append(
            RankingRecord("trace", tiers, rater, criterion=criterion, scores=dict(marks))
        )
    record = _record(card, card, rankings)
    record.meta = {name: value for name, value in row.items() if name[:3] not in ("A: ", "B: ")}
    return record


def _results_row(row: dict[str, str]) -> TraceRankingsRecord:
    card = row.pop(_RESULTS_HEAD).strip()
    rankings = []
    for name in list(row):
        if found := _RESULTS.fullmatch(name):
            tiers = _preference(row, name)
            rater = RaterRecord("imported", found[1], "round 2")
            source = row.pop(f"{found[1]}_source", "")
            meta = {"round": 2, "source": source} if source else {"round": 2}
            rankings.append(RankingRecord("trace", tiers, rater, meta=meta))
    record = _record(card, f"round 2:{card}", rankings)
    record.meta = dict(row)
    return record


def _preference(row: dict[str, str], name: str) -> list[list[int]]:
    value = row.pop(name)
    if value.strip() not in _ANSWERS:
        fail(name, " or ".join(map(show, _ANSWERS)), value)
    return [list(tier) for tier in _ANSWERS[value.strip()]]


def _mark(row: dict[str, str], name: str) -> float:
    value = row[name]
    if value.strip() not in _MARKS:
        fail(name, "a whole number from 1 to 5", value)
    return _MARKS[value.strip()]
