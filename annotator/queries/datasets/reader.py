"""The rows of a chunk of a snapshot as records: a few statements for many problems."""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from django.db import connection

from annotator.exporters.records import ExportProblem, judged_once
from annotator.models import Rater, RewardModel, Snapshot, SnapshotProblem
from annotator.models.finite import known_sql
from annotator.queries.datasets.trees import PlacedTree, Slices, traces_of_rows, tree_of_rows
from annotator.queries.datasets.verdicts import VerdictReader, writable
from annotator.queries.models import IMPORTED
from scoring.preference.types import DEFAULT_CRITERIA, Criterion
from scoring.training.targets import NEUTRALS, Rules, targets
from scoring.types import (
    ROOT,
    AlternativeRecord,
    LabelRecord,
    ProblemRecord,
    RaterRecord,
    ScoreRecord,
    SpanLabelRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


# The second column is the place of a row among those of its problem. The server is not asked to
# sort: it would move whole rows with their texts about, which costs more than reading them.
STEPS = f"""
SELECT s.problem_id, s.preorder, s.id, s.parent_id, s.caller_id, s.source_id, s.text, s.kind, s.agent, s.level,
       s.state_before, s.state_after, {known_sql("s.value")}, s.visits, s.n_tokens, s.meta
FROM annotator_step s
JOIN annotator_snapshotproblem p ON p.problem_id = s.problem_id AND p.snapshot_id = %s
WHERE s.problem_id = ANY(%s) AND s.id <= p.max_step
"""  # noqa: S608 - own text
TRACES = """
SELECT t.problem_id, t.ordinal, t.id, t.end_id, t.source_id, t.key, t.model, t.sampling, t.meta
FROM annotator_trace t
JOIN annotator_snapshotproblem p ON p.problem_id = t.problem_id AND p.snapshot_id = %s
WHERE t.problem_id = ANY(%s) AND t.id <= p.max_trace
"""
OUTCOMES = f"""
SELECT problem_id, id, trace_id, name, {known_sql("value")}, source FROM annotator_snapshotoutcome
WHERE snapshot_id = %s AND problem_id = ANY(%s)
"""  # noqa: S608 - own text
LABELS = """
SELECT problem_id, id, step_id, rater_id, source_id, rating, unsure, error_type, realises_error, note,
       milliseconds, meta, adjudicated
FROM annotator_snapshotlabel
WHERE snapshot_id = %s AND problem_id = ANY(%s)
"""
RECORDS = """
SELECT r.problem_id, r.id, r.format, r.key, r.meta
FROM annotator_sourcerecord r
JOIN annotator_snapshotproblem p ON p.problem_id = r.problem_id AND p.snapshot_id = %s
WHERE r.problem_id = ANY(%s) AND r.id <= coalesce((p.extras->>'max_record')::bigint, 0)
"""
SCORES = """
SELECT s.problem_id, c.model_id, c.step_id, c.score
FROM annotator_step s JOIN annotator_stepscore c ON c.step_id = s.id
WHERE s.problem_id = ANY(%s) AND c.model_id = ANY(%s) AND c.id <= %s
  AND c.score > '-Infinity' AND c.score < 'Infinity'
ORDER BY c.model_id, s.preorder
"""

Rows = dict[int, list[tuple[Any, ...]]]


class SnapshotReader:
    """Turns chunks of a snapshot's rows into records."""

    def __init__(self, snapshot: Snapshot, rules: Rules, *, with_sources: bool) -> None:
        self.snapshot = snapshot
        self.with_sources = with_sources
        self.rules = rules
        self.project = snapshot.project.name
        stored = snapshot.rules.get("criteria")  # older snapshots hold no rankings
        self.criteria = (
            DEFAULT_CRITERIA if stored is None else tuple(Criterion(**row) for row in stored)
        )
        self.raters = {
            rater.pk: RaterRecord(rater.kind, rater.name, rater.version)
            for rater in Rater.objects.filter(project=snapshot.project_id)
        }
        self.models = {
            model.pk: model
            for model in RewardModel.objects.filter(
                project=snapshot.project_id, kind=IMPORTED
            ).order_by("pk")
        }

    def read(self, chunk: Sequence[SnapshotProblem]) -> Iterator[ExportProblem]:
        """Yield the problems of ``chunk`` in its order."""
        ids = [row.problem_id for row in chunk]
        steps, traces = self._grouped(STEPS, ids), self._grouped(TRACES, ids)
        labels, outcomes = self._grouped(LABELS, ids), self._grouped(OUTCOMES, ids)
        records = self._grouped(RECORDS, ids) if self.with_sources else {}
        scores = self._scores(ids)
        for row in chunk:
            pk = row.problem_id
            tree = tree_of_rows(steps.get(pk, ()))
            yield self._problem(
                row,
                tree,
                traces.get(pk, ()),
                outcomes.get(pk, ()),
                labels.get(pk, ()),
                records.get(pk, ()),
                scores.get(pk, ()),
            )

    def _problem(
        self,
        row: SnapshotProblem,
        tree: PlacedTree,
        traces: Iterable[tuple[Any, ...]],
        outcomes: Iterable[tuple[Any, ...]],
        labels: Sequence[tuple[Any, ...]],
        records: Iterable[tuple[Any, ...]],
        scores: Iterable[tuple[Any, ...]],
    ) -> ExportProblem:
        problem, extras = row.problem, row.extras
        position = tree.position
        trace_rows = list(traces)
        label_records = [self._label(label, position) for label in labels]
        values, ratings, weights = self._targets(label_records, len(tree.nodes))
        alternatives = extras.get("alternatives", ())
        slices = Slices(tree, trace_rows, labels, alternatives) if self.with_sources else None
        places = {row[2]: at for at, row in enumerate(trace_rows)}
        verdicts = VerdictReader(extras, position, places, self.raters)
        return ExportProblem(
            id=bytes(problem.key).hex(),
            project=self.project,
            split=row.split,
            problem=ProblemRecord(problem.prompt, problem.reference, writable(problem.meta)),
            nodes=tree.nodes,
            traces=traces_of_rows(trace_rows, outcomes, position),
            labels=label_records,
            spans=[self._span(span, position) for span in extras.get("spans", ())],
            alternatives=[self._alternative(item, position) for item in alternatives],
            scores=self._score_records(scores, position),
            sources=[slices.slice_of(record) for record in records] if slices else (),
            targets=values,
            ratings=ratings,
            weights=weights,
            rankings=verdicts.rankings(),
            submissions=verdicts.submissions(),
            comments=verdicts.comments(),
            adjudications=verdicts.adjudications(),
            criteria=self.criteria,
            rules=self.rules,
        )

    def _label(self, row: tuple[Any, ...], position: Mapping[int, int]) -> LabelRecord:
        (_, _, step, rater, _, rating, unsure, error_type, realises, note, milliseconds, meta) = (
            row[:12]
        )
        return LabelRecord(
            position[step],
            self.raters[rater],
            rating,
            unsure,
            error_type,
            realises,
            note,
            milliseconds,
            orjson.loads(meta) if meta else {},
            row[12],
        )

    def _targets(
        self, labels: Sequence[LabelRecord], n: int
    ) -> tuple[list[float | None], list[int | None], list[float]]:
        """Aggregate; the usual step, judged once, does not take the general way.

        Returns:
            Targets, ratings, and the targets' weights, which are empty where all are 1.
        """
        values: list[float | None] = [None] * n
        ratings: list[int | None] = [None] * n
        weights: list[float] = []
        once, several = judged_once(labels)
        goal = {-1: 0.0, 0: NEUTRALS[self.rules.neutral], 1: 1.0}
        for at, only in once.items():
            if only.rating is not None and not only.unsure:
                ratings[at] = only.rating
                values[at] = goal[only.rating]
        if several:
            found = targets(several, n, self.rules)
            for at in {label.node for label in several}:
                rating, value = found.rating[at], found.value[at]
                ratings[at] = None if np.isnan(rating) else int(rating)
                values[at] = None if np.isnan(value) else float(value)
            if (found.weight > 1).any():
                weights = np.maximum(found.weight, 1.0).tolist()
        return values, ratings, weights

    def _span(self, row: Mapping[str, Any], position: Mapping[int, int]) -> SpanLabelRecord:
        return SpanLabelRecord(
            position[row["first"]],
            position[row["last"]],
            self.raters[row["rater"]],
            row["rating"],
            row["error_type"],
            row["note"],
            row.get("milliseconds"),  # snapshots of before spans carried it have none
        )

    def _alternative(
        self, row: Mapping[str, Any], position: Mapping[int, int]
    ) -> AlternativeRecord:
        parent, replaces = row["parent"], row["replaces"]
        return AlternativeRecord(
            ROOT if parent is None else position[parent],
            row["text"],
            self.raters[row["rater"]],
            None if replaces is None else position[replaces],
            writable(row["meta"]),
        )

    def _scores(self, ids: Sequence[int]) -> Rows:
        if not self.models:
            return {}
        grouped: Rows = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(SCORES, [list(ids), list(self.models), self.snapshot.rules["max_score"]])
            for row in cursor:
                grouped[row[0]].append(row)
        return grouped

    def _score_records(
        self, rows: Iterable[tuple[Any, ...]], position: Mapping[int, int]
    ) -> list[ScoreRecord]:
        records: dict[int, ScoreRecord] = {}
        for _, model_id, step, score in rows:
            if model_id not in records:
                model = self.models[model_id]
                version = model.provenance.get("version", "")
                records[model_id] = ScoreRecord(model.name, [], [], version)
            if step in position:
                records[model_id].nodes.append(position[step])
                records[model_id].values.append(score)
        return list(records.values())

    def _grouped(self, statement: str, ids: Sequence[int]) -> Rows:
        """Return the rows per problem (the first column), in the order of the second."""
        grouped: Rows = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.snapshot.pk, list(ids)])
            for row in cursor.fetchall():
                grouped[row[0]].append(row)
        for rows in grouped.values():
            rows.sort(key=itemgetter(1))
        return grouped
