"""Checks of what a record says beside its labels: rankings, submissions, comments, decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from annotator.exporters.ranked import ranking_of
from annotator.models import Comment, Ranking, Submission
from annotator.services.imports.judgement_checks import check_rater, is_at_or_below
from annotator.services.imports.texts import (
    RecordRefusedError,
    check_integer,
    check_name,
    check_position,
    check_text,
    json_text,
)
from scoring.errors import RankingError
from scoring.preference.types import RankingRecord as Answer
from scoring.preference.validate import validate
from scoring.types import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scoring.types import (
        AdjudicationRecord,
        CommentRecord,
        NodeRecord,
        RankingRecord,
        SubmissionRecord,
        TreeRecord,
    )

CRITERION_LENGTH = 40
_LEVELS = frozenset(Ranking.Level.values)


def check_verdicts(record: TreeRecord) -> int:
    """Check rankings, submissions, comments and adjudications; return their characters.

    Raises:
        RecordRefusedError: naming the judgement and its field.
    """
    n_traces = len(record.traces)
    size = sum(
        check_ranking(ranking, f"rankings[{i}]", record.nodes, n_traces)
        for i, ranking in enumerate(record.rankings)
    )
    ended: set[tuple[object, ...]] = set()
    for i, submission in enumerate(record.submissions):
        size += _check_submission(submission, f"submissions[{i}]", n_traces, ended)
    unsure: set[tuple[object, ...]] = set()
    for i, comment in enumerate(record.comments):
        size += _check_comment(comment, f"comments[{i}]", i, record)
        if comment.kind == Comment.Kind.UNSURE:
            rater = comment.rater
            _once(unsure, (comment.node, rater.kind, rater.name, rater.version), f"comments[{i}]")
    places: set[tuple[object, ...]] = set()
    for i, decision in enumerate(record.adjudications):
        size += _check_adjudication(decision, f"adjudications[{i}]", record, places)
    return size


def check_ranking(
    ranking: RankingRecord, where: str, nodes: Sequence[NodeRecord], n_traces: int
) -> int:
    """Check one ranking; return its characters.

    Raises:
        RecordRefusedError: naming the field or the item.
    """
    check_rater(ranking.rater, where)
    _check_place(ranking.level, ranking.parent, ranking.criterion, where, len(nodes))
    _check_items(ranking, where, nodes, n_traces)
    check_text(ranking.note, f"{where}.note")
    check_integer(ranking.milliseconds, f"{where}.milliseconds")
    return len(ranking.note) + len(json_text(ranking.meta, f"{where}.meta"))


def _check_place(level: str, parent: int, criterion: str, where: str, n_nodes: int) -> None:
    if level not in _LEVELS:
        raise RecordRefusedError(
            f"{where}.level is {level!r}; known: {', '.join(Ranking.Level.values)}"
        )
    if parent != ROOT:
        check_position(parent, f"{where}.parent", n_nodes)
        if level == Ranking.Level.TRACE:
            raise RecordRefusedError(f"{where}.parent is {parent}; traces are ranked below -1 only")
    check_name(criterion, f"{where}.criterion", CRITERION_LENGTH)


def _check_items(
    ranking: RankingRecord, where: str, nodes: Sequence[NodeRecord], n_traces: int
) -> None:
    items = ranking.items
    of_traces = ranking.level == Ranking.Level.TRACE
    for item in items:
        check_position(item, f"{where}: item", n_traces if of_traces else len(nodes))
        if not of_traces and nodes[item].parent != ranking.parent:
            raise RecordRefusedError(f"{where}: step {item} is no child of {ranking.parent}")
    answer = Answer(
        ranking.level,
        ranking.criterion,
        tuple(items),
        tuple(map(tuple, ranking.tiers)),
        tuple(ranking.aside),
        tuple(ranking.failed),
        ranking.scores,
    )
    try:
        validate(answer)
    except RankingError as error:
        raise RecordRefusedError(f"{where}: {error}") from None


def _check_submission(
    submission: SubmissionRecord, where: str, n_traces: int, ended: set[tuple[object, ...]]
) -> int:
    if submission.trace is not None:
        check_position(submission.trace, f"{where}.trace", n_traces)
    check_rater(submission.rater, where)
    if submission.reason not in Submission.Reason.values:
        known = ", ".join(Submission.Reason.values)
        raise RecordRefusedError(f"{where}.reason is {submission.reason!r}; known: {known}")
    check_text(submission.note, f"{where}.note")
    check_integer(submission.milliseconds, f"{where}.milliseconds")
    rater = submission.rater
    _once(ended, (submission.trace, rater.kind, rater.name, rater.version), where)
    return len(submission.note)


def _check_comment(comment: CommentRecord, where: str, position: int, record: TreeRecord) -> int:
    if comment.kind not in Comment.Kind.values:
        known = ", ".join(Comment.Kind.values)
        raise RecordRefusedError(f"{where}.kind is {comment.kind!r}; known: {known}")
    check_rater(comment.rater, where)
    for name, at, n in (
        ("step", comment.node, len(record.nodes)),
        ("trace", comment.trace, len(record.traces)),
        ("answers", comment.answers, position),
    ):
        if at is not None:
            check_position(at, f"{where}.{name}", n)
    for name in ("text", "resolution"):
        check_text(getattr(comment, name), f"{where}.{name}")
    for name in ("created", "resolved"):
        _check_time(getattr(comment, name), f"{where}.{name}")
    return len(comment.text) + len(comment.resolution)


def _check_time(value: str | None, where: str) -> None:
    if value is None:
        return
    check_text(value, where)
    try:
        known = datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        known = False
    if not known:
        raise RecordRefusedError(f"{where} is {value!r}, not a time with its zone")


def _check_adjudication(
    decision: AdjudicationRecord, where: str, record: TreeRecord, places: set[tuple[object, ...]]
) -> int:
    check_rater(decision.rater, where)
    check_text(decision.reason, f"{where}.reason")
    if decision.node is not None:
        check_position(decision.node, f"{where}.step", len(record.nodes))
        if decision.level:
            raise RecordRefusedError(f"{where} is about a step and about a ranking")
        check: Callable[[dict[str, Any], str], None] = _check_rating
    elif decision.run is not None:
        _check_run(decision.run, where, record.nodes)
        check = _check_rating
    else:
        _check_place(decision.level, decision.parent, decision.criterion, where, len(record.nodes))

        def check(given: dict[str, Any], path: str) -> None:
            ranking = ranking_of(replace(decision, decision=given))
            _check_items(ranking, path, record.nodes, len(record.traces))

    check(decision.decision, f"{where}.decision")
    if decision.blind:
        check(decision.blind, f"{where}.blind")
    place = (decision.node, decision.run, decision.level, decision.parent, decision.criterion)
    _once(places, place, where)
    size = len(json_text(_text_keys(decision.decision), f"{where}.decision"))
    return size + len(decision.reason)


def _check_run(run: tuple[int, int], where: str, nodes: Sequence[NodeRecord]) -> None:
    first, last = run
    for name, at in (("first", first), ("last", last)):
        check_position(at, f"{where}.{name}", len(nodes))
    if not is_at_or_below(nodes, last, first):
        raise RecordRefusedError(f"{where}: step {last} does not follow step {first} on one path")


def _check_rating(state: dict[str, Any], where: str) -> None:
    rating = state.get("rating")
    if rating is not None and (type(rating) is not int or rating not in (-1, 0, 1)):
        raise RecordRefusedError(f"{where}.rating is {rating!r}; known: -1, 0, 1 and null")
    check_name(state.get("error_type", ""), f"{where}.error_type")


def _text_keys(state: dict[str, Any]) -> dict[str, Any]:
    scores = state.get("scores")
    return state if not scores else {**state, "scores": {str(k): v for k, v in scores.items()}}


def _once(seen: set[tuple[object, ...]], key: tuple[object, ...], where: str) -> None:
    if key in seen:
        raise RecordRefusedError(f"{where} is there twice")
    seen.add(key)
