"""Which path an attribution is of: its steps, and the hash of all that a model reads of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery

from annotator.models import (
    Problem,
    Step,
    Trace,
)

if TYPE_CHECKING:
    from annotator.models import Project

LONGEST_CHECKED = 4_000  # characters: a check runs a method dozens of times


@dataclass(frozen=True, slots=True)
class ReadPath:
    """The steps from the root's child to ``end``, and the hash of all that a model reads of them."""

    end: Step
    steps: list[Step]
    hash: str

    @property
    def texts(self) -> list[str]:
        """The steps' texts."""
        return [step.text for step in self.steps]


def path_of(*, end: Step) -> ReadPath:
    """Return the path from the problem to ``end``, whatever its length, with two queries."""
    above = Step.objects.filter(
        problem=end.problem, preorder__lte=end.preorder, subtree_end__gt=end.preorder
    )
    steps = list(above.order_by("depth"))
    whole = hashlib.sha256()
    for text in (end.problem.prompt, *(step.text for step in steps)):
        data = text.encode("utf-8", "surrogatepass")
        whole.update(len(data).to_bytes(8, "little") + data)
    return ReadPath(end, steps, whole.hexdigest())


def paths_to_check(*, project: Project, most: int) -> list[tuple[str, list[str]]]:
    """Return problem and step texts of up to ``most`` traces, one of each of the first problems.

    Paths without text, and longer than ``LONGEST_CHECKED`` characters, are passed over.
    """
    found: list[tuple[str, list[str]]] = []
    first = Trace.objects.filter(problem=OuterRef("pk"), end__isnull=False).order_by("ordinal")
    rows = Problem.objects.filter(project=project).annotate(
        first_end=Subquery(first.values("end_id")[:1])
    )
    ends = rows.exclude(first_end=None).order_by("pk").values_list("first_end", flat=True)
    for end in Step.objects.select_related("problem").filter(pk__in=list(ends[: 4 * most])):
        texts = [text for text in path_of(end=end).texts if text.strip()]
        if texts and len(end.problem.prompt) + sum(map(len, texts)) <= LONGEST_CHECKED:
            found.append((end.problem.prompt, texts))
        if len(found) == most:
            break
    return found
