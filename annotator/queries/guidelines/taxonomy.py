"""The error taxonomy of a project as a tree: what annotators choose from, what an owner edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from annotator.errors import NotFoundError
from annotator.models import ErrorType, SpanLabel, StepLabel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from annotator.models import Project


@dataclass(frozen=True, slots=True)
class TaxonomyNode:
    """A node of the taxonomy.

    Attributes:
        type: the row.
        depth: 0 = top.
        path: the labels from the top, ``("Arithmetic slip", "Sign")``.
        labels: step and span labels that have it.
    """

    type: ErrorType
    depth: int
    path: tuple[str, ...]
    labels: int = 0

    @property
    def indented(self) -> str:
        """The label as a line of a menu; type-ahead skips the spaces before it."""
        return "\u00a0" * (3 * self.depth) + self.type.label

    @property
    def named(self) -> str:
        """The path in one line."""
        return " › ".join(self.path)


def error_types_of(*, project: Project, keep: str = "") -> list[TaxonomyNode]:
    """Return what can be chosen, in the order of the tree; ``keep`` stays though it is retired."""
    types = list(ErrorType.objects.filter(project=project))
    nodes = _in_order(types, {})
    return [node for node in nodes if not node.type.retired or node.type.key == keep]


def error_type_labels(*, project: Project) -> dict[str, str]:
    """Return what a person calls each type of error, by its key; retired ones too."""
    return dict(ErrorType.objects.filter(project=project).values_list("key", "label"))


def error_type_label(key: str, labels: Mapping[str, str]) -> str:
    """Return what to call a type; one that is gone is called by the words of its key."""
    return labels.get(key) or key.replace("_", " ").capitalize()


def taxonomy_of(*, project: Project) -> list[TaxonomyNode]:
    """Return every node in the order of the tree, with how many labels have it."""
    types = list(ErrorType.objects.filter(project=project))
    return _in_order(types, _counts(project))


def error_type_of(*, project: Project, key: str) -> ErrorType:
    """Return one node.

    Raises:
        NotFoundError: the project has no such node.
    """
    found = (
        ErrorType.objects.select_related("project", "parent")
        .filter(project=project, key=key)
        .first()
        if "\x00" not in key
        else None
    )
    if found is None:
        raise NotFoundError(f"There is no error type called '{key}' in this project.")
    return found


def _counts(project: Project) -> dict[int, int]:
    """Return how many labels have each node, by its id."""
    counts: dict[int, int] = {}
    for model in (StepLabel, SpanLabel):
        rows = model._default_manager.filter(error_type__project=project).values("error_type")
        for pk, number in rows.annotate(n=Count("pk")).values_list("error_type", "n"):
            counts[pk] = counts.get(pk, 0) + number
    return counts


def _in_order(types: list[ErrorType], counts: Mapping[int, int]) -> list[TaxonomyNode]:
    below: dict[int | None, list[ErrorType]] = {}
    for row in sorted(types, key=lambda row: (row.position, row.pk)):
        below.setdefault(row.parent_id, []).append(row)
    nodes: list[TaxonomyNode] = []
    top: tuple[str, ...] = ()
    waiting = [(row, top) for row in reversed(below.get(None, []))]
    while waiting:
        row, above = waiting.pop()
        path = (*above, row.label)
        nodes.append(TaxonomyNode(row, len(above), path, counts.get(row.pk, 0)))
        waiting += [(child, path) for child in reversed(below.get(row.pk, []))]
    return nodes
