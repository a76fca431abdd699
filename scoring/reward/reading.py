"""How a tree goes through the model: the pieces of text, in which order, and what each one is.

Most kinds read every step once, below its parent: that reading is the tree itself. Others read a step in
several places, for instance joined to the step before it, or behind other answers. Such a reading is
a tree of pieces again, packed like any other; ``origin`` says which step a piece is the end of.
Numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scoring.reward.packing import EncodedTree, join_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.tree import Tree

Ints = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
NO_STEP = -1


@dataclass(frozen=True, slots=True)
class Reading:
    """R pieces in pre-order; piece 0 is the problem.

    Attributes:
        parent: ``(R,)`` the piece in front of each, -1 for the problem.
        text: R texts; the problem's is never read.
        origin: ``(R,)`` position of the step that is read when the piece is over, 0 for the problem,
            -1 where no step is.
        ends: ``(R,)`` False where no separator follows, since what is read goes on.
        again: ``(R,)`` True for the problem and for repeats of text that stands elsewhere in the
            reading: the next-token loss does not ask for them.
        subtree_end: ``(R,)`` one past each piece's last descendant, None = not known yet.
    """

    parent: Ints
    text: Sequence[str]
    origin: Ints
    ends: Bools
    again: Bools
    subtree_end: Ints | None = None

    @classmethod
    def of(cls, tree: Tree) -> Reading:
        """Return the reading that is the tree itself: N pieces, one per step."""
        n = len(tree)
        return cls(
            parent=tree.parent,
            text=["", *(str(text) for text in tree.text[1:])],
            origin=np.arange(n, dtype=np.int64),
            ends=np.ones(n, dtype=bool),
            again=np.arange(n) == 0,
            subtree_end=tree.subtree_end,
        )

    def __len__(self) -> int:
        """Count the pieces, the problem included."""
        return len(self.parent)

    def texts(self, problem_text: str) -> list[str]:
        """Return what is to be tokenised, piece by piece."""
        return [problem_text, *self.text[1:]]

    def encoded(self, ids: Sequence[Int32], prefix: Sequence[int]) -> EncodedTree:
        """Join the tokens of the pieces, each given with its separator.

        Args:
            ids: R arrays, the last token of each being the separator.
            prefix: tokens in front of the problem.
        """
        pieces = [piece if end else piece[:-1] for piece, end in zip(ids, self.ends, strict=True)]
        pieces[0] = np.concatenate((np.array(prefix, dtype=np.int32), pieces[0]))
        return join_tokens(pieces, self.parent, self.subtree_end)


def reading_for(kind: Any, tree: Tree) -> Reading:
    """Return how a kind reads a tree for its scores: as it says itself, else as the tree stands."""
    own = getattr(kind, "reading", None)
    return Reading.of(tree) if own is None else own(tree)
