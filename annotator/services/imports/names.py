"""The few rows that many records share: raters, error types and models known by name.

They are made before a batch is written, each in a short transaction of its own: inside the batch
they would be locked for all of it, and two imports could wait for each other.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict
from hashlib import blake2b
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from annotator.models import ErrorType, RewardModel
from annotator.queries.rankings.criteria import criteria_rows
from annotator.services.people.raters import rater_get_or_create
from scoring.preference.types import OVERALL, Criterion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from annotator.models import Project
    from annotator.services.imports.prepare import Prepared
    from scoring.types import LabelRecord, RankingRecord, RaterRecord, SpanLabelRecord

IMPORTED_MODEL = "imported"
_KEY_LENGTH = 40
_LABEL_LENGTH = 80

RaterKey = tuple[str, str, str]


def rater_key(rater: RaterRecord) -> RaterKey:
    """Return what identifies a rater of a file.

    A file cannot speak for a person of this project: a ``person`` in it becomes ``imported``.
    """
    if rater.kind == "person":
        return "imported", rater.name, rater.version or "person"
    return rater.kind, rater.name, rater.version


class Names:
    """Ids of raters, error types and imported models of one project, made when first met."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._raters: dict[RaterKey, int] = {}
        self._error_types: dict[str, ErrorType] | None = None
        self._models: dict[tuple[str, str], int] = {}
        self._criteria: set[str] = set()

    def prepare(self, batch: Iterable[Prepared]) -> None:
        """Make everything that the judgements of ``batch`` name."""
        for prepared in batch:
            record = prepared.record
            judgements: list[LabelRecord | SpanLabelRecord] = [*record.labels, *record.spans]
            for judgement in judgements:
                self._add_rater(judgement.rater)
                self._add_error_type(judgement.error_type)
            for alternative in record.alternatives:
                self._add_rater(alternative.rater)
            self.add_rankings(record.rankings)
            for submission in record.submissions:
                self._add_rater(submission.rater)
            for comment in record.comments:
                self._add_rater(comment.rater)
            for decision in record.adjudications:
                self._add_rater(decision.rater)
                for state in (decision.decision, decision.blind or {}):
                    self._add_error_type(state.get("error_type", ""))
            self.add_criteria(decision.criterion for decision in record.adjudications)
            for scores in record.scores:
                self.add_model(scores.model, scores.version)

    def rater_id(self, rater: RaterRecord) -> int:
        """Return the id of a rater that was prepared."""
        return self._raters[rater_key(rater)]

    def error_type_id(self, word: str) -> int | None:
        """Return the id of an error type that was prepared; None for no error type."""
        return self._known()[word].pk if word else None

    def error_type_key(self, word: str) -> str:
        """Return the project's key for the source's word."""
        return self._known()[word].key if word else ""

    def model_id(self, name: str, version: str) -> int:
        """Return the id of a model that was prepared."""
        return self._models[name, version]

    def add_model(self, name: str, version: str) -> None:
        """Make the model of imported scores known, numbered after those that share its name.

        The source's own version is a text and stands in ``provenance``.
        """
        if (name, version) in self._models:
            return
        with transaction.atomic():
            # Serialises the numbering: two imports may meet the same new model.
            type(self._project).objects.select_for_update(no_key=True).get(pk=self._project.pk)
            same = RewardModel.objects.filter(project=self._project, name=name)
            model = same.filter(kind=IMPORTED_MODEL, provenance__version=version).first()
            if model is None:
                last = same.aggregate(last=Max("version"))["last"] or 0
                model = RewardModel.objects.create(
                    project=self._project,
                    name=name,
                    version=last + 1,
                    kind=IMPORTED_MODEL,
                    provenance={"source": "imported scores", "version": version},
                    ready=True,
                )
        self._models[name, version] = model.pk

    def add_rankings(self, rankings: Iterable[RankingRecord]) -> None:
        """Make the raters and criteria of rankings known."""
        rankings = list(rankings)
        for ranking in rankings:
            self._add_rater(ranking.rater)
        self.add_criteria(ranking.criterion for ranking in rankings)

    def add_criteria(self, keys: Iterable[str]) -> None:
        """Put criteria that the project does not have at the end of its order, with margin 0."""
        unknown = [
            key for key in dict.fromkeys(keys) if key != OVERALL and key not in self._criteria
        ]
        if not unknown:
            return
        with transaction.atomic():
            project = type(self._project).objects.select_for_update(no_key=True)
            row = project.get(pk=self._project.pk)
            criteria = criteria_rows(row)
            known = {str(criterion["key"]) for criterion in criteria}
            if fresh := [key for key in unknown if key not in known]:
                added = [asdict(Criterion(key, _criterion_label(key))) for key in fresh]
                row.criteria = [*criteria, *({**item, "retired": False} for item in added)]
                row.save(update_fields=["criteria"])
        self._criteria |= known.union(unknown)

    def _add_rater(self, rater: RaterRecord) -> None:
        key = rater_key(rater)
        if key not in self._raters:
            kind, name, version = key
            row = rater_get_or_create(project=self._project, kind=kind, name=name, version=version)
            self._raters[key] = row.pk

    def _add_error_type(self, word: str) -> None:
        """Find ``word`` by key or label, else add it to the taxonomy with the word as label."""
        known = self._known()
        if not word or word in known:
            return
        key = _slug(word)
        row = known.get(key)
        if row is None or len(word) > _LABEL_LENGTH:
            position = min(len(known), 32_767)
            row, _ = ErrorType.objects.get_or_create(
                project=self._project,
                key=key,
                defaults={"label": word[:_LABEL_LENGTH], "position": position},
            )
        known[word] = known[row.key] = row

    def _known(self) -> dict[str, ErrorType]:
        if self._error_types is None:
            rows = list(ErrorType.objects.filter(project=self._project).order_by("-pk"))
            self._error_types = {row.label: row for row in rows} | {row.key: row for row in rows}
        return self._error_types


def _criterion_label(key: str) -> str:
    return key.replace("_", " ").strip().capitalize() or key


def _slug(word: str) -> str:
    """Return a taxonomy key for any word; long or wholly foreign ones end in a short hash."""
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_-]+", "_", plain).strip("_")
    if slug and len(slug) <= _KEY_LENGTH:
        return slug
    mark = blake2b(word.encode(), digest_size=4).hexdigest()
    return f"{slug[: _KEY_LENGTH - 9]}_{mark}" if slug else f"type_{mark}"
