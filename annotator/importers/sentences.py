"""A text as sentences, for sources whose answers are prose without steps."""

from __future__ import annotations

import re

# White space after an end mark and before a capital, a digit or an opening quote or bracket; not
# after a single capital ("George W. Bush") nor the commonest abbreviations.
_BORDER = re.compile(
    r"""(?<=[.!?])(?<!\b[A-Z]\.)(?<!\b(?:Mr|Dr|St|Jr|Sr|vs|No)\.)(?<!\bMrs\.)["'\u2019\u201d)\]]*"""
    r"""(\s+)(?=["'\u2018\u201c(\[]*[A-Z0-9])"""
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the half-open character ranges of the sentences of ``text``, in order.

    White space between two sentences belongs to neither; nothing else is left out. A text without
    a border is one sentence.
    """
    found = []
    start = 0
    for border in _BORDER.finditer(text):
        found.append((start, border.start(1)))
        start = border.end(1)
    return [*found, (start, len(text))]
