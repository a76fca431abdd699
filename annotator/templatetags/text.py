r"""Texts of traces in pages: every character as it was written, formulas marked, nothing executed.

The browser typesets marked formulas; until then, and without scripts, the source stands there.
Math is what stands between ``\( \)``, ``\[ \]`` and ``$$``. A pair of single dollars counts only if
its content has no space at its edges and either holds a backslash command, ``^`` or ``_``, or is
made of single letters, numbers and signs, as ``$x+7$`` is: ``$5 and $7`` are amounts.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from annotator.templatetags.heat import level_class
from scoring.heatmap import classes, number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from annotator.views.workbench.tokens import StepTokens

register = template.Library()

FORMULA = re.compile(
    r"""
      \\\((?P<round>.+?)\\\)
    | \\\[(?P<square>.+?)\\\]
    | \$\$(?P<double>[^$]+?)\$\$
    | (?<![\\$\w]) \$ (?P<single> (?!\s) (?:
          (?=[^$]*(?:\\[a-zA-Z]|[\^_])) [^$\n]{1,400}?
        | (?![\d.,]+[kmbKMB]?\$) (?=[^$]*[a-zA-Z]) (?![^$]*[a-zA-Z]{2}) [\w\ +\-*/=<>().,|!:;']{1,80}
      ) (?<!\s) (?<!\\) ) \$ (?![\d$])
    """,
    re.VERBOSE | re.DOTALL,
)
# The beginning of a formula whose end was cut off; a doubled backslash is a line break in TeX.
CUT_OFF = re.compile(r"(?<!\\)\\[(\[]")
WORD = re.compile(r"\s+|\w+|[^\w\s]")
FIRST_BREAK = re.compile(r"[ \t]*\n")
LAST_BREAK = re.compile(r"\n[ \t]*\Z")
# difflib is quadratic; longer texts are compared line by line.
DIFF_WORDS = 1_500


def formulas(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Yield begin, end, TeX and "on a line of its own" for each formula in ``text``."""
    for found in FORMULA.finditer(text):
        name = str(found.lastgroup)
        yield found.start(), found.end(), found[name], name in {"square", "double"}


@register.filter
def math_text(text: str) -> SafeString:
    """Escape ``text`` and mark its formulas for the browser to typeset."""
    parts: list[SafeString] = []
    at, after = 0, False
    for begin, end, tex, display in formulas(text):
        parts += _plain(text[at:begin], after=after, before=display)
        kind = " display" if display else ""
        source = text[begin:end]
        parts.append(format_html('<span class="math{}" data-tex="{}">{}</span>', kind, tex, source))
        at, after = end, display
    parts += _plain(text[at:], after=after, before=False)
    return mark_safe("".join(parts))  # noqa: S308  every part is escaped above


@register.filter
def plain_math(text: str) -> str:
    """Return ``text`` without the signs around its formulas, for one line where none is typeset."""
    bare = FORMULA.sub(lambda found: str(found[str(found.lastgroup)]).strip(), text)
    return CUT_OFF.sub("", bare)


def _plain(text: str, *, after: bool, before: bool) -> list[SafeString]:
    """Escape text; a line break beside a formula with a line of its own can be told apart."""
    first = FIRST_BREAK.match(text) if after else None
    head = first.end() if first else 0
    last = LAST_BREAK.search(text, head) if before else None
    tail = last.start() if last else len(text)
    gap = '<span class="gap">{}</span>'
    return [
        format_html(pattern, piece)
        for pattern, piece in ((gap, text[:head]), ("{}", text[head:tail]), (gap, text[tail:]))
        if piece
    ]


@register.simple_tag
def token_text(tokens: StepTokens) -> SafeString:
    """Draw a step's exact text as one span per token, coloured by what the token added."""
    levels = classes(tokens.credit, tokens.scale)
    return format_html_join(
        "",
        '<span class="t heat {}" data-i="{}" data-credit="{}">{}</span>',
        (
            (
                level_class(int(level)),
                row["index"],
                number_text(row["credit"], digits=4),
                row["text"],
            )
            for level, row in zip(levels, tokens.rows(), strict=True)
        ),
    )


@register.simple_tag
def difference(text: str, other: str) -> SafeString:
    """Draw ``text`` with the words marked that ``other`` does not have in the same place."""
    words, others = _words(text), _words(other)
    matcher = difflib.SequenceMatcher(None, others, words, autojunk=False)
    parts = [
        (mark_safe("<mark>{}</mark>" if op in {"insert", "replace"} else "{}"), "".join(words[c:d]))  # noqa: S308
        for op, _, _, c, d in matcher.get_opcodes()
        if d > c
    ]
    return mark_safe("".join(format_html(pattern, piece) for pattern, piece in parts))  # noqa: S308


def _words(text: str) -> Sequence[str]:
    words: list[str] = WORD.findall(text)
    return words if len(words) <= DIFF_WORDS else text.splitlines(keepends=True)
