"""Rankings, submissions, comments and final decisions of a snapshot's problem as records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from scoring.types import (
    ROOT,
    AdjudicationRecord,
    CommentRecord,
    RankingRecord,
    SubmissionRecord,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.types import RaterRecord

Frozen = dict[str, Any]
_LISTS = ("aside", "failed", "shown")


class VerdictReader:
    """Turns the frozen rows of one problem into records, ids into positions.

    Args:
        extras: ``SnapshotProblem.extras``.
        steps: position of each step id.
        traces: position of each trace id.
        raters: by id.
    """

    def __init__(
        self,
        extras: Frozen,
        steps: Mapping[int, int],
        traces: Mapping[int, int],
        raters: Mapping[int, RaterRecord],
    ) -> None:
        self._extras = extras
        self._steps: dict[int | None, int] = {**dict(steps.items()), None: ROOT}
        self._traces = traces
        self._raters = raters

    def rankings(self) -> list[RankingRecord]:
        """Return the rankings, oldest first."""
        return [
            RankingRecord(
                level=row["level"],
                rater=self._raters[row["rater"]],
                parent=self._steps[row["parent"]],
                criterion=row["criterion"],
                note=row["note"],
                milliseconds=row["milliseconds"],
                meta=writable(row["meta"]),
                **self._moved(
                    row["level"], {name: row[name] for name in ("tiers", "scores", *_LISTS)}
                ),
            )
            for row in self._rows("rankings")
        ]

    def submissions(self) -> list[SubmissionRecord]:
        """Return how raters ended the problem and its traces, oldest first."""
        return [
            SubmissionRecord(
                None if row["trace"] is None else self._traces[row["trace"]],
                self._raters[row["rater"]],
                row["reason"],
                row["note"],
                row["milliseconds"],
            )
            for row in self._rows("submissions")
        ]

    def comments(self) -> list[CommentRecord]:
        """Return the comments, oldest first."""
        rows = self._rows("comments")
        place = {row["id"]: at for at, row in enumerate(rows)}
        return [
            CommentRecord(
                kind=row["kind"],
                text=row["text"],
                rater=self._raters[row["rater"]],
                node=None if row["step"] is None else self._steps[row["step"]],
                trace=None if row["trace"] is None else self._traces[row["trace"]],
                answers=place.get(row["answers"]),
                created=row["created"],
                resolved=row["resolved"],
                resolution=row["resolution"],
            )
            for row in rows
        ]

    def adjudications(self) -> list[AdjudicationRecord]:
        """Return the final decisions, oldest first."""
        return [
            AdjudicationRecord(
                rater=self._raters[row["rater"]],
                decision=self._moved(row["level"], row["decision"]),
                reason=row["reason"],
                node=None if row["step"] is None else self._steps[row["step"]],
                level=row["level"],
                parent=self._steps[row["parent"]],
                criterion=row["criterion"],
                blind=None if row["blind"] is None else self._moved(row["level"], row["blind"]),
                # Snapshots of earlier versions have no decisions on runs, and no such columns.
                run=None
                if row.get("first") is None
                else (self._steps[row["first"]], self._steps[row["last"]]),
            )
            for row in self._rows("adjudications")
        ]

    def _rows(self, name: str) -> Sequence[Frozen]:
        return list(self._extras.get(name, ()))

    def _moved(self, level: str, state: Frozen) -> Frozen:
        """Return a state with positions in the place of ids; that of a rating has none."""
        moved = dict(writable(state))
        place: Mapping[Any, int] = self._traces if level == "trace" else self._steps
        if "tiers" in moved:
            moved["tiers"] = [[place[item] for item in tier] for tier in moved["tiers"]]
        for name in _LISTS:
            if name in moved:
                moved[name] = [place[item] for item in moved[name]]
        if moved.get("scores") is not None:
            moved["scores"] = {place[int(item)]: v for item, v in moved["scores"].items()}
        return moved


def writable(meta: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a decoded JSON column without integers beyond 64 bits, which orjson cannot write.

    A source's ``1e30`` is such a number: jsonb spells it out in digits. It comes back as a float.
    """
    return dict(orjson.loads(json.dumps(meta))) if meta else {}
