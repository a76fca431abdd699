"""Tokens to characters, exactly: spans that tile a text, whatever its tokens are.

A token of a byte-level vocabulary may be part of a character (an emoji, a combining mark): tokens that
share a character form one piece. Characters that no token claims (a tokenizer may drop white space) go to
the next piece, or to the last. So every character has one colour, and the spans joined are the text.
Numpy only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scoring.errors import AlignmentError

if TYPE_CHECKING:
    from collections.abc import Sequence

Int32 = npt.NDArray[np.int32]


def tile(offsets: Sequence[tuple[int, int]], length: int) -> tuple[Int32, Int32]:
    """Group the L tokens of a text into pieces whose spans tile it.

    Args:
        offsets: characters ``(begin, end)`` of each token.
        length: characters of the text.

    Returns:
        ``(L,)`` the piece of each token, and ``(P,)`` where each piece ends; it begins where the one before
        ends, and the last ends at ``length``.

    Raises:
        AlignmentError: tokens go back, or beyond the text; names the first such token and character.
    """
    piece = np.zeros(len(offsets), dtype=np.int32)
    ends: list[int] = []
    before = 0
    for index, (begin, end) in enumerate(offsets):
        if begin < before or end < begin or end > length:
            raise AlignmentError(
                f"token {index} claims the characters {begin} to {end}, which does not follow from the "
                f"tokens before it (at character {before} of {length}): its tokens do not spell the text"
            )
        before = begin
        if not ends or end > ends[-1]:
            ends.append(end)
        piece[index] = len(ends) - 1
    if ends:
        ends[-1] = length
    return piece, np.array(ends, dtype=np.int32)


def check_tiling(text: str, begin: Sequence[int] | Int32, end: Sequence[int] | Int32) -> None:
    """Check that spans joined in order are the text.

    Raises:
        AlignmentError: they leave something out or repeat it; names the first such character.
    """
    reached = 0
    for a, b in zip(begin, end, strict=True):
        if a != reached or b < a:
            raise AlignmentError(f"the spans do not tile the text from character {reached} on")
        reached = int(b)
    if reached != len(text):
        raise AlignmentError(f"the spans do not tile the text from character {reached} on")
