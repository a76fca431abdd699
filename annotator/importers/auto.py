"""Which format a file is in, by its content."""

from __future__ import annotations

from annotator.errors import ImportRefusedError
from annotator.importers.lines import HEAD_BYTES, wrong_encoding
from annotator.importers.registry import IMPORTERS


def detect(head: bytes) -> str:
    """Return the key of the one format that ``head`` (the first 64 KB of a file) looks like.

    Raises:
        ImportRefusedError: no format or more than one fits; names them.
    """
    head = head[:HEAD_BYTES]
    if not head.strip():
        raise ImportRefusedError("the file is empty", code="empty_file")
    reason = wrong_encoding(head)
    if reason:
        raise ImportRefusedError(reason, code="wrong_encoding")
    found = [key for key, row in IMPORTERS.items() if row.sniff(head)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(map(_name, found))
        raise ImportRefusedError(
            f"the file looks like {names}: name the format", code="format_ambiguous"
        )
    known = ", ".join(map(_name, IMPORTERS))
    raise ImportRefusedError(
        f"the file looks like none of the known formats; import it again with its format chosen, "
        f"if it is one of: {known}",
        code="format_unknown",
    )


def _name(key: str) -> str:
    """Return the name that forms show with the key that commands and the API take."""
    return f"{IMPORTERS[key].label} ({key})"
