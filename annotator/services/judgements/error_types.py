"""Which types of error a judgement may be given."""

from __future__ import annotations

from annotator.errors import InvalidError
from annotator.models import ErrorType


def error_type_check(*, project_id: int, key: str, kept: str = "", retired: bool = False) -> None:
    """Refuse a type that is not offered.

    Args:
        project_id: whose taxonomy.
        key: of the wanted type, "" = none.
        kept: the type that the judgement has already; a retired one stays.
        retired: take a retired one too: a decision may confirm what a label says.

    Raises:
        InvalidError: no such type, or a retired one that is newly chosen; the sentence says what to
            do instead.
    """
    if not key or key == kept:
        return
    types = ErrorType.objects.filter(project=project_id)
    wanted = types.filter(key=key).first()
    if wanted is None:
        offered = types.filter(retired=False).order_by("position", "pk")
        keys = ", ".join(offered.values_list("key", flat=True))
        raise _refused(f"no error type called '{key}'; known: {keys}")
    if wanted.retired and not retired:
        raise _refused(
            f"The error type '{wanted.label}' ({key}) is retired: labels that have it keep it, but it "
            "is not given any more. Choose another type, or ask an owner of the project to offer it "
            "again."
        )


def _refused(message: str) -> InvalidError:
    return InvalidError(message, fields={"error_type": message})
