"""The error taxonomy as a tree that owners edit. Keys never change: labels and exports carry them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify

from annotator.errors import ConflictError, InvalidError
from annotator.models import ErrorType, JudgementEvent, Project, SpanLabel, StepLabel
from annotator.services.naming import has_invisible, name_clean

LABEL_LENGTH, KEY_LENGTH, MOST, DEEPEST = 80, 40, 500, 6

# Key, label and parent's key of the taxonomy every new project starts with.
DEFAULT_ERROR_TYPES = (
    ("arithmetic", "Arithmetic slip", ""),
    ("sign", "Sign lost or turned", "arithmetic"),
    ("wrong_result", "Operation right, result wrong", "arithmetic"),
    ("number_copied", "Number copied wrongly", "arithmetic"),
    ("algebra", "Algebra or manipulation", ""),
    ("identity", "Rule or identity used wrongly", "algebra"),
    ("equivalence", "Solution lost or added", "algebra"),
    ("logic", "Does not follow", ""),
    ("case_missing", "Case left out", "logic"),
    ("converse", "Converse taken for granted", "logic"),
    ("misreading", "Misreads the problem", ""),
    ("condition_ignored", "Condition ignored", "misreading"),
    ("other_question", "Answers another question", "misreading"),
    ("unsupported_claim", "Unsupported claim", ""),
    ("invented_fact", "Invented fact", "unsupported_claim"),
    ("guess", "Guess presented as a result", "unsupported_claim"),
    ("tool_misuse", "Tool used wrongly", ""),
    ("tool_call", "Wrong call", "tool_misuse"),
    ("tool_result", "Result ignored or misread", "tool_misuse"),
    ("format", "Format", ""),
    ("incomplete", "Incomplete", ""),
    ("redundant", "Redundant", ""),
    ("circular", "Circular", ""),
)


def taxonomy_default(*, project: Project) -> None:
    """Give a new project the default taxonomy."""
    made: dict[str, ErrorType] = {}
    for position, (key, label, parent) in enumerate(DEFAULT_ERROR_TYPES):
        made[key] = ErrorType(
            project=project, key=key, label=label, position=position, parent=made.get(parent)
        )
    # Parents first: a child's row needs its parent's id.
    ErrorType.objects.bulk_create(row for row in made.values() if row.parent is None)
    ErrorType.objects.bulk_create(row for row in made.values() if row.parent is not None)


@transaction.atomic
def error_type_add(*, project: Project, label: str, parent: ErrorType | None = None) -> ErrorType:
    """Add a node below ``parent`` (None = top), behind its siblings; the key follows the label.

    Raises:
        InvalidError: no label, one that a sibling has, or the tree is too large or deep.
    """
    _lock(project)
    types = list(ErrorType.objects.filter(project=project))
    if len(types) >= MOST:
        raise _invalid("label", f"A taxonomy has at most {MOST} nodes.")
    clean = _label_checked(label, types, parent)
    if _depth(parent, types) >= DEEPEST:
        raise _invalid("parent", f"A taxonomy is at most {DEEPEST} levels deep.")
    return ErrorType.objects.create(
        project=project,
        key=_key(clean, {row.key for row in types}),
        label=clean,
        parent=parent,
        position=max((row.position for row in types), default=-1) + 1,
    )


@transaction.atomic
def error_type_rename(*, error_type: ErrorType, label: str) -> ErrorType:
    """Change what people read; the key stays, so exports and events still fit.

    Raises:
        InvalidError: no label, or one that a sibling has.
    """
    _lock(error_type.project)
    types = list(ErrorType.objects.filter(project=error_type.project).exclude(pk=error_type.pk))
    error_type.label = _label_checked(label, types, error_type.parent)
    error_type.save(update_fields=["label"])
    return error_type


@transaction.atomic
def error_type_move(
    *, error_type: ErrorType, parent: ErrorType | None, place: int | None = None
) -> ErrorType:
    """Put a node, with what is below it, under ``parent`` (None = top).

    Args:
        error_type: the node.
        parent: where it goes.
        place: its number among its siblings there, from 0; None = last.

    Raises:
        InvalidError: under itself, too deep, or a sibling there has its label.
    """
    _lock(error_type.project)
    types = list(ErrorType.objects.filter(project=error_type.project))
    above = {row.pk: row.parent_id for row in types}
    at = parent.pk if parent is not None else None
    while at is not None:
        if at == error_type.pk:
            raise _invalid("parent", f"'{error_type.label}' cannot stand below itself.")
        at = above[at]
    if _depth(parent, types) + _height(error_type.pk, types) > DEEPEST:
        raise _invalid("parent", f"A taxonomy is at most {DEEPEST} levels deep.")
    others = [row for row in types if row.pk != error_type.pk]
    _label_checked(error_type.label, others, parent)
    parent_id = parent.pk if parent is not None else None
    siblings = sorted(
        (row for row in others if row.parent_id == parent_id),
        key=lambda row: (row.position, row.pk),
    )
    at_place = len(siblings) if place is None else max(0, min(place, len(siblings)))
    siblings.insert(at_place, error_type)
    error_type.parent = parent
    for position, row in enumerate(siblings):
        row.position = position
    ErrorType.objects.bulk_update(siblings, ["parent", "position"])
    return error_type


@transaction.atomic
def error_type_retire(*, error_type: ErrorType, retired: bool = True) -> ErrorType:
    """Offer a node no longer, or again. Labels that have it keep it."""
    error_type.retired = retired
    error_type.save(update_fields=["retired"])
    return error_type


@transaction.atomic
def error_type_delete(*, error_type: ErrorType) -> None:
    """Delete a node that nothing uses.

    Raises:
        ConflictError: ``in_use``: labels have it, an undo could bring it back, or nodes stand
            below it; the sentence says what to do instead.
    """
    _lock(error_type.project)
    below = error_type.children.count()
    if below:
        nodes = "1 node stands" if below == 1 else f"{below} nodes stand"
        raise in_use(f"{nodes} below '{error_type.label}'. Move or delete what is below it first.")
    labels = sum(
        model._default_manager.filter(error_type=error_type).count()
        for model in (StepLabel, SpanLabel)
    )
    if labels:
        have = "1 label has" if labels == 1 else f"{labels:,} labels have"
        raise in_use(
            f"{have} the type '{error_type.label}'. Retire it, so that it is no longer offered, "
            "or move its labels to another node."
        )
    if _in_history(error_type):
        raise in_use(
            f"Labels had the type '{error_type.label}' before, and an undo may bring it back. "
            "Retire it, so that it is no longer offered."
        )
    error_type.delete()


def _in_history(error_type: ErrorType) -> bool:
    had = Q(payload__error_type=error_type.key) | Q(before__error_type=error_type.key)
    kinds = (JudgementEvent.Kind.STEP_LABEL, JudgementEvent.Kind.SPAN_LABEL)
    events = JudgementEvent.objects.filter(had, project=error_type.project_id, kind__in=kinds)
    return events.exists()


def _lock(project: Project) -> None:
    """Serialise changes of one taxonomy: two moves at once could make a ring."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)


def _label_checked(label: str, types: list[ErrorType], parent: ErrorType | None) -> str:
    clean = name_clean(label)
    parent_id = parent.pk if parent is not None else None
    if not clean:
        raise _invalid("label", "Give the error type a name.")
    if len(clean) > LABEL_LENGTH:
        raise _invalid(
            "label", f"A name has at most {LABEL_LENGTH} characters; this one has {len(clean)}."
        )
    if has_invisible(clean):
        raise _invalid("label", "A name cannot hold control or invisible characters.")
    if any(row.label.casefold() == clean.casefold() for row in types if row.parent_id == parent_id):
        raise _invalid("label", f"There is already a '{clean}' at this place.")
    return clean


def _key(label: str, taken: set[str]) -> str:
    base = slugify(label).replace("-", "_")[: KEY_LENGTH - 4].strip("_") or "type"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key


def _depth(node: ErrorType | None, types: list[ErrorType]) -> int:
    """Return how many nodes stand on the way from the top to ``node``, itself included."""
    above = {row.pk: row.parent_id for row in types}
    depth, at = 0, node.pk if node is not None else None
    while at is not None:
        depth, at = depth + 1, above[at]
    return depth


def _height(pk: int, types: list[ErrorType]) -> int:
    return 1 + max((_height(row.pk, types) for row in types if row.parent_id == pk), default=0)


def _invalid(field: str, message: str) -> InvalidError:
    return InvalidError(message, fields={field: message})


def in_use(message: str) -> ConflictError:
    """Return the error of a node that cannot go; the message says what to do instead."""
    return ConflictError(message, code="in_use")
