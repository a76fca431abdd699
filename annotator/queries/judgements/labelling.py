"""What the page asks before it saves a label: one prepared statement, for it is the busiest request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from annotator.models import ErrorType, StepLabel
from annotator.queries.access import GATED_STEP, step_to_label_and

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from annotator.models import Step

# In the order of the model's fields, as ``from_db`` takes them.
LABEL_COLUMNS = [
    "id",
    "rating",
    "unsure",
    "error_type_id",
    "realises_error",
    "note",
    "milliseconds",
]
# The count goes from the person's events in this problem to the labels that stand, so that it grows
# neither with the tree nor with all they have ever judged; the planner, left free, would start at
# all labels of the person.
LABELLING = GATED_STEP.format(
    columns=f"""{"".join(f", l.{name}" for name in LABEL_COLUMNS)}, e.key, e.label, (
    SELECT count(*)
    FROM (
        SELECT DISTINCT v.step_id
        FROM annotator_judgementevent v
        WHERE v.problem_id = p.id AND v.user_id = m.user_id
          AND v.step_id IS NOT NULL AND v.step_id <> s.id
        OFFSET 0
    ) mine
    WHERE (
        SELECT k.id FROM annotator_steplabel k
        WHERE k.step_id = mine.step_id AND k.rater_id = r.id AND k.source_id IS NULL
        LIMIT 1
    ) IS NOT NULL
)""",  # noqa: S608 - own columns
    joins="""
LEFT JOIN annotator_rater r ON r.project_id = j.id AND r.user_id = m.user_id
LEFT JOIN annotator_steplabel l
    ON l.step_id = s.id AND l.rater_id = r.id AND l.source_id IS NULL
LEFT JOIN annotator_errortype e ON e.id = l.error_type_id""",
)


@dataclass(frozen=True, slots=True)
class Labelling:
    """A step that a person is about to judge.

    Attributes:
        step: with its problem and project, other columns load when asked for.
        label: the person's own label so far; its step, rater and source are not loaded.
        others: how many other steps of the problem the person has judged.
    """

    step: Step
    label: StepLabel | None
    others: int


def labelling_for_user(*, user: User | AnonymousUser, pk: int, project: str) -> Labelling:
    """Return the step ``pk`` of ``project`` for ``user`` to judge.

    Raises:
        NotFoundError: no such step, or not theirs.
        ForbiddenError: they may only read.
    """
    step, row = step_to_label_and(LABELLING, user=user, pk=pk, project=project)
    *values, error_key, error_label, others = row
    if values[0] is None:
        return Labelling(step, None, others)
    label = StepLabel.from_db("default", LABEL_COLUMNS, values)
    if label.error_type_id is not None:
        label.error_type = ErrorType.from_db(
            "default", ["id", "key", "label"], [label.error_type_id, error_key, error_label]
        )
    return Labelling(step, label, others)
