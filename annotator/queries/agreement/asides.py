"""Judgements that do not count where people are compared: exam answers and the sources of gold.

An exam tests a person against a known answer, and gold made by somebody repeats what they said:
neither is one of several opinions on open work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Coalesce, Concat

from annotator.models import Assignment, Gold, StepLabel
from annotator.queries.judgements.spans import spans_holding

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from annotator.models import Ranking, SpanLabel, Step

# Who was asked about which step in an exam of ``%(project)s``.
EXAMINED = """
SELECT a.user_id, s.id AS step_id
FROM annotator_queue q
JOIN annotator_queueitem i ON i.queue_id = q.id AND i.gold_id IS NOT NULL
JOIN annotator_assignment a ON a.item_id = i.id
JOIN annotator_trace t ON t.id = i.trace_id
JOIN annotator_step e ON e.id = t.end_id
JOIN annotator_step s ON s.problem_id = i.problem_id
    AND s.preorder <= e.preorder AND s.subtree_end > e.preorder
WHERE q.project_id = %(project)s AND q.is_exam
"""
# They, and who said what became its gold.
ASIDE = f"""
{EXAMINED}
UNION ALL
SELECT g.created_by_id, k::bigint
FROM annotator_gold g CROSS JOIN LATERAL jsonb_object_keys(g.answer -> 'ratings') k
WHERE g.project_id = %(project)s AND g.active AND g.created_by_id IS NOT NULL
"""  # noqa: S608 - own text
# Whether the judgement of a step ``s`` by a rater ``r`` counts; with ``ASIDE`` as ``aside``.
COUNTS = """
NOT EXISTS (SELECT FROM aside x WHERE x.user_id = r.user_id AND x.step_id = s.id)
"""
THESE_SPANS = f"""
WITH aside AS ({ASIDE})
SELECT n.id FROM annotator_spanlabel n
JOIN annotator_step s ON s.id = n.first_id
JOIN annotator_rater r ON r.id = n.rater_id
JOIN aside x ON x.user_id = r.user_id AND x.step_id = n.first_id
WHERE s.problem_id = %(problem)s
"""  # noqa: S608 - own text
THESE = f"""
WITH aside AS ({ASIDE})
SELECT l.id FROM annotator_steplabel l
JOIN annotator_rater r ON r.id = l.rater_id
JOIN aside x ON x.user_id = r.user_id AND x.step_id = l.step_id
WHERE l.step_id = %(step)s
"""  # noqa: S608 - own text


def labels_counted_of(*, step: Step) -> QuerySet[StepLabel]:
    """Return the labels of a step, whose problem is loaded, that are compared."""
    with connection.cursor() as cursor:
        cursor.execute(THESE, {"project": step.problem.project_id, "step": step.pk})
        aside = [pk for (pk,) in cursor.fetchall()]
    return StepLabel.objects.filter(step=step).exclude(pk__in=aside)


def spans_counted(*, first: Step, last: Step) -> QuerySet[SpanLabel]:
    """Return the rated spans that hold the run ``first`` … ``last``, whose problem is loaded."""
    found = {"project": first.problem.project_id, "problem": first.problem_id}
    with connection.cursor() as cursor:
        cursor.execute(THESE_SPANS, found)
        aside = [pk for (pk,) in cursor.fetchall()]
    held = spans_holding(first=first, last=last)
    return held.filter(rating__isnull=False).exclude(pk__in=aside)


def rankings_counted(rows: QuerySet[Ranking]) -> QuerySet[Ranking]:
    """Return those of ``rows`` that are compared."""
    task = Concat(Value("rank_"), OuterRef("level"))
    parent = Coalesce(OuterRef("parent"), 0)
    asked = Assignment.objects.alias(below=Coalesce("item__parent", 0)).filter(
        user=OuterRef("rater__user"),
        item__problem=OuterRef("problem"),
        item__queue__is_exam=True,
        item__queue__task=task,
        below=parent,
    )
    authored = Gold.objects.alias(below=Coalesce("parent", 0)).filter(
        created_by=OuterRef("rater__user"),
        problem=OuterRef("problem"),
        active=True,
        task=task,
        below=parent,
    )
    return rows.filter(~Exists(asked), ~Exists(authored))
