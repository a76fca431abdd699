"""Which kinds of disagreement a project or a problem has the data for, and why not the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection

from annotator.models import Outcome
from annotator.queries.agreement.asides import EXAMINED
from annotator.queries.trees.differences import ONE, OWN, models_with_scores
from annotator.queries.trees.paths import models_scoring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Problem, Project, RewardModel

RATED = """
annotator_steplabel l
JOIN annotator_rater r ON r.id = l.rater_id AND r.project_id = %(project)s
"""
THAT_COUNT = f"l.rating IS NOT NULL AND r.kind = ANY(%(kinds)s) AND {OWN} {ONE.format('l')}"
# Whether anybody of these kinds rated, and the newest model that scored what they rated.
RATERS = f"""
WITH aside AS MATERIALIZED ({EXAMINED})
SELECT EXISTS (SELECT FROM {RATED} WHERE {THAT_COUNT}),
       (SELECT m.id FROM annotator_rewardmodel m
        WHERE m.id = ANY(%(models)s) AND EXISTS (
            SELECT FROM {RATED}
            JOIN annotator_stepscore x ON x.step_id = l.step_id AND x.model_id = m.id
            WHERE x.score BETWEEN 0 AND 1 AND {THAT_COUNT})
        ORDER BY m.id DESC LIMIT 1)
"""  # noqa: S608 - own text
# The newest two models that scored one step.
PAIR = f"""
SELECT a.id, b.id FROM annotator_rewardmodel a JOIN annotator_rewardmodel b ON b.id < a.id
WHERE a.id = ANY(%(models)s) AND b.id = ANY(%(models)s) AND EXISTS (
    SELECT FROM annotator_stepscore x
    JOIN annotator_stepscore y ON y.step_id = x.step_id AND y.model_id = b.id
    WHERE x.model_id = a.id AND x.score BETWEEN 0 AND 1 AND y.score BETWEEN 0 AND 1 {ONE.format("x")})
ORDER BY a.id DESC, b.id DESC LIMIT 1
"""  # noqa: S608 - own text
NO_MODEL = "no model has scored a step"


class Kind(NamedTuple):
    """Whether a kind has rows: the ids of the models that give some, and else why there are none."""

    models: tuple[int, ...] = ()
    empty: str = ""


def kinds_there(
    *, project: Project, problem: Problem | None, raters: dict[str, tuple[str, ...]]
) -> tuple[list[RewardModel], dict[str, Kind]]:
    """Look what there is to disagree.

    Args:
        project: of the labels and scores.
        problem: only what is said of this one; None = all.
        raters: kinds of raters by the key of a kind of disagreement.

    Returns:
        The models with scores, newest first, and by key: those of ``raters``, "models", "methods".
    """
    if problem is None:
        models = models_with_scores(project=project)
    else:
        models = list(models_scoring(problem=problem))
    asked: dict[str, Any] = {
        "project": project.pk,
        "problem": problem.pk if problem is not None else None,
        "models": [model.pk for model in models],
    }
    found = {key: _rated(asked, kinds, key) for key, kinds in raters.items()}
    found["models"] = _two_models(asked, models)
    found["methods"] = _outcomes(project, problem)
    return models, found


def _rated(asked: dict[str, Any], kinds: tuple[str, ...], key: str) -> Kind:
    rated, model = _row(RATERS, asked | {"kinds": list(kinds)})
    if model is not None:
        return Kind((model,))
    who = "nobody" if key == "people" else "no checker"
    reasons = [] if rated else [f"{who} rated a step"]
    reasons += [] if asked["models"] else [NO_MODEL]
    return Kind(empty=" and ".join(reasons) or "no rated step has a score from 0 to 1")


def _two_models(asked: dict[str, Any], models: Sequence[RewardModel]) -> Kind:
    if len(models) < 2:
        return Kind(empty=f"only {models[0]} has scored steps" if models else NO_MODEL)
    pair = _row(PAIR, asked)
    return Kind((pair[0], pair[1])) if pair else Kind(empty="no step has scores of two models")


def _outcomes(project: Project, problem: Problem | None) -> Kind:
    """Methods that need no model are made of outcomes."""
    name = project.primary_outcome
    rows = Outcome.objects.filter(trace__problem__project=project, name=name, value__isnull=False)
    if problem is not None:
        rows = rows.filter(trace__problem=problem)
    return Kind() if rows.exists() else Kind(empty=f"no trace has an outcome called {name}")


def _row(sql: str, asked: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return cursor.fetchone() or ()
