"""What scores trees, whatever it is made of: a trained head, a published model, a remote judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scoring.reward.scores import TreeScores
    from scoring.tree import Tree


class Item(NamedTuple):
    """A problem to score.

    Attributes:
        prompt: the problem's text; the text of the tree's root is never read.
        tree: its steps.
        reference: the reference answer, "" = none.
    """

    prompt: str
    tree: Tree
    reference: str = ""


class Scorer(Protocol):
    """What ``scoring.reward.load`` gives for any kind.

    Attributes:
        facts: what was found when it was opened and scores depend on (a template's hash, the id of a
            step token), as plain JSON. They are stored with the model, and a model whose facts are
            other ones later is not asked any further.
    """

    @property
    def facts(self) -> Mapping[str, str | int]:
        """See the class."""

    def score_many(self, items: Iterable[Item]) -> Iterator[TreeScores]:
        """Score problems, one result per item in order; items may be read ahead.

        A step's score depends on the problem and the steps before it, never on what comes after or
        on which trace led to it; of kinds that read answers one after another (``listwise`` with
        ``reading=sequence``), on the tree's other answers too. Steps that cannot be scored are NaN, with a reason in ``skipped``.
        """
