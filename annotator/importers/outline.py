"""What can be seen of the first record in the first bytes of a file, even if they cut it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_MAX_LEVEL = 6
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{},:]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Outline:
    """Shape of the first record.

    Attributes:
        array: the file is one JSON array, and the record its first element.
        paths: dotted names that were seen: ``label``, ``label.steps``, ``label.steps.rating``;
            arrays leave no mark in a path.
        head: the bytes looked at.
    """

    array: bool
    paths: frozenset[str]
    head: bytes

    def has(self, *paths: str) -> bool:
        """Say whether all of ``paths`` were seen."""
        return self.paths.issuperset(paths)


@lru_cache(maxsize=4)
def outline(head: bytes) -> Outline:
    """Return the outline of the first record in ``head``; never raises.

    A string that the end of ``head`` cuts, and whatever follows it, is not seen.
    """
    head = head.removeprefix(b"\xef\xbb\xbf")
    array = head.lstrip().startswith(b"[")
    paths: set[str] = set()
    names: list[str] = []  # name of the member being read, one per open bracket
    kinds: list[int] = []
    last = b""
    for token in _TOKEN.finditer(head):
        first = head[token.start()]
        if first in b"[{":
            kinds.append(first)
            names.append("")
        elif first in b"]}":
            if kinds:
                kinds.pop()
                names.pop()
            if not kinds or (array and len(kinds) == 1):
                break
        elif first == ord(":"):
            if kinds and len(kinds) <= _MAX_LEVEL:
                names[-1] = last.decode("utf-8", "replace")
                paths.add(".".join(filter(None, names)))
        elif token.end() - token.start() == 1 and first == ord('"'):
            break
        else:
            last = head[token.start() + 1 : token.end() - 1]
    return Outline(array, frozenset(paths), head)
