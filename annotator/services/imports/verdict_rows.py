"""Rows of what records say beside their labels: rankings, submissions, comments, decisions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now

from annotator.models import Adjudication, Comment, Ranking, Submission
from annotator.services.history.layout import (
    ADJUDICATION_DEFAULTS,
    RANKING_DEFAULTS,
    SUBMISSION_DEFAULTS,
    import_row,
)
from annotator.services.imports.copying import copy_rows
from annotator.services.imports.texts import json_text
from scoring.types import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.utils import CursorWrapper

    from annotator.services.history.layout import Row, State
    from annotator.services.imports.names import Names
    from annotator.services.imports.placed import Placed
    from scoring.types import AdjudicationRecord, RankingRecord

RANKING_COLUMNS = (
    "problem_id",
    "level",
    "parent_id",
    "criterion",
    "rater_id",
    "source_id",
    "event_id",
    "tiers",
    "aside",
    "failed",
    "shown",
    "scores",
    "note",
    "milliseconds",
    "meta",
)
ITEM_LISTS = ("aside", "failed", "shown")

Ids = dict[int, int]
"""Database ids of what a record calls by position."""


def ranking_row(ranking: RankingRecord, rater: int, parent: int | None, ids: Ids) -> Row:
    """Return one imported ranking as it stands in an event, items by their ids."""
    key = {
        "level": ranking.level,
        "parent": parent,
        "criterion": ranking.criterion,
        "rater": rater,
    }
    state = {
        **_items_moved(
            {name: getattr(ranking, name) for name in ("tiers", *ITEM_LISTS, "scores")}, ids
        ),
        "note": ranking.note,
        "milliseconds": ranking.milliseconds,
        "meta": ranking.meta or None,
    }
    return import_row(key, state, RANKING_DEFAULTS)


def ranking_columns(row: Row, problem_id: int, source_id: int, event_id: int) -> Sequence[Any]:
    """Return the row of ``RANKING_COLUMNS`` for a ranking as it stands in an event."""
    state = {**RANKING_DEFAULTS, **row}
    lists = [json_text(state[name], name) for name in ("tiers", *ITEM_LISTS)]
    scores, meta = state["scores"], state["meta"]
    return (
        problem_id,
        state["level"],
        state["parent"],
        state["criterion"],
        state["rater"],
        source_id,
        event_id,
        *lists,
        None if scores is None else json_text(scores, "scores"),
        state["note"],
        state["milliseconds"],
        None if meta is None else json_text(meta, "meta"),
    )


class Verdicts:
    """What one placed record says beside its labels, as rows of its event.

    Args:
        names: ids of raters and error types.
        item: the record in its problem's tree.
        decided: places of the project that have a final decision; those of this record are added.
    """

    def __init__(self, names: Names, item: Placed, decided: set[tuple[Any, ...]]) -> None:
        record = item.prepared.record
        self._names, self._item = names, item
        self._traces: Ids = dict(enumerate(item.trace_ids))
        self.rankings = [
            ranking_row(
                ranking,
                names.rater_id(ranking.rater),
                self._step(ranking.parent),
                self._ids(ranking.level, [at for tier in ranking.tiers for at in tier])
                | self._ids(ranking.level, [*ranking.aside, *ranking.failed, *ranking.shown]),
            )
            for ranking in record.rankings
        ]
        self.submissions = [
            import_row(
                {
                    "trace": None if row.trace is None else self._traces[row.trace],
                    "rater": names.rater_id(row.rater),
                },
                {"reason": row.reason, "note": row.note, "milliseconds": row.milliseconds},
                SUBMISSION_DEFAULTS,
            )
            for row in record.submissions
        ]
        self.adjudications = list(self._decisions(decided))
        self.n_left_out = len(record.adjudications) - len(self.adjudications)

    def __bool__(self) -> bool:
        return bool(self.rankings or self.submissions or self.adjudications)

    def as_lists(self) -> dict[str, list[Row]]:
        """Return the lists of the import event by name."""
        return {
            "rankings": self.rankings,
            "submissions": self.submissions,
            "adjudications": self.adjudications,
        }

    def ranking_rows(self, event_id: int) -> Iterator[Sequence[Any]]:
        """Yield the rows of ``RANKING_COLUMNS``."""
        for row in self.rankings:
            yield ranking_columns(row, self._item.problem.id, self._item.source_id, event_id)

    def write_rest(self, project_id: int, event_id: int) -> None:
        """Write submissions, decisions and comments, which are few."""
        problem_id = self._item.problem.id
        for row in self.submissions:
            found = {"problem_id": problem_id, "trace_id": row["trace"], "rater_id": row["rater"]}
            state = {**SUBMISSION_DEFAULTS, **row}
            columns = {name: state[name] for name in ("reason", "note", "milliseconds")}
            Submission.objects.update_or_create(
                **found, defaults={**columns, "event_id": event_id, "updated": Now()}
            )
        Adjudication.objects.bulk_create(
            Adjudication(
                project_id=project_id,
                problem_id=problem_id,
                step_id=row["step"],
                level=row["level"],
                parent_id=row["parent"],
                criterion=row["criterion"],
                first_id=row["first"],
                last_id=row["last"],
                rater_id=row["rater"],
                event_id=event_id,
                **{name: row.get(name, default) for name, default in ADJUDICATION_DEFAULTS.items()},
            )
            for row in self.adjudications
        )
        self._write_comments(project_id)

    def _write_comments(self, project_id: int) -> None:
        written: list[Comment] = []
        for row in self._item.prepared.record.comments:
            times = {
                name: datetime.fromisoformat(value)
                for name, value in (("created", row.created), ("resolved", row.resolved))
                if value is not None
            }
            written.append(
                Comment.objects.create(
                    project_id=project_id,
                    problem_id=self._item.problem.id,
                    step_id=None if row.node is None else self._item.step_id(row.node),
                    trace_id=None if row.trace is None else self._traces[row.trace],
                    rater_id=self._names.rater_id(row.rater),
                    kind=row.kind,
                    text=row.text,
                    answers=None if row.answers is None else written[row.answers],
                    resolution=row.resolution,
                    **times,
                )
            )

    def _decisions(self, decided: set[tuple[Any, ...]]) -> Iterator[Row]:
        for row in self._item.prepared.record.adjudications:
            step = None if row.node is None else self._item.step_id(row.node)
            parent = self._step(row.parent)
            first, last = (None, None) if row.run is None else map(self._item.step_id, row.run)
            place = (self._item.problem.id, step, row.level, parent, row.criterion, first, last)
            if place in decided:
                continue
            decided.add(place)
            key = {
                "step": step,
                "level": row.level,
                "parent": parent,
                "criterion": row.criterion,
                "first": first,
                "last": last,
                "rater": self._names.rater_id(row.rater),
            }
            state = {
                "decision": self._moved(row, row.decision),
                "blind": None if row.blind is None else self._moved(row, row.blind),
                "reason": row.reason,
            }
            yield import_row(key, state, ADJUDICATION_DEFAULTS)

    def _moved(self, row: AdjudicationRecord, state: State) -> State:
        if not row.of_ranking:
            word = state.get("error_type", "")
            return {**state, "error_type": self._names.error_type_key(word)} if word else state
        items = [at for tier in state.get("tiers", ()) for at in tier]
        items += [at for name in ITEM_LISTS for at in state.get(name, ())]
        return _items_moved(state, self._ids(row.level, items))

    def _ids(self, level: str, items: Sequence[int]) -> Ids:
        if level == Ranking.Level.TRACE:
            return {at: self._traces[at] for at in items}
        return {at: self._item.step_id(at) for at in items}

    def _step(self, node: int) -> int | None:
        return None if node == ROOT else self._item.step_id(node)


def write_verdicts(
    cursor: CursorWrapper, project_id: int, verdicts: Sequence[tuple[Verdicts, int]]
) -> int:
    """Write what records say beside their labels, each under its event; return the rankings."""
    rankings = [row for verdict, event_id in verdicts for row in verdict.ranking_rows(event_id)]
    copy_rows(cursor, Ranking, RANKING_COLUMNS, rankings)
    for verdict, event_id in verdicts:
        verdict.write_rest(project_id, event_id)
    return len(rankings)


def decided_places(problem_ids: Sequence[int]) -> set[tuple[Any, ...]]:
    """Return the places in these problems that have a final decision."""
    rows = Adjudication.objects.filter(problem__in=problem_ids)
    return set(rows.values_list("problem", "step", "level", "parent", "criterion", "first", "last"))


def _items_moved(state: State, ids: Ids) -> State:
    """Return the state of a ranking with ids in the place of positions."""
    moved = dict(state)
    if "tiers" in state:
        moved["tiers"] = [[ids[at] for at in tier] for tier in state["tiers"]]
    for name in ITEM_LISTS:
        if name in state:
            moved[name] = [ids[at] for at in state[name]]
    if state.get("scores") is not None:
        moved["scores"] = {str(ids[at]): float(v) for at, v in state["scores"].items()}
    return moved
