"""Edits of solutions: what is left of a model's scores when something is taken away or rewritten.

An *ablation* takes content away: a model that reads it must get worse. A *rewriting* leaves the content as
it is: the scores should stay. Edits are made step by step, so a tree stays a tree, except where the order
of steps changes: then every trace is a chain of its own. Where the answer options of a problem change places,
the problem's text changes with its solutions, and problems without options are left out.

The edits are choices of this project, after the ablations in the literature on what reward models reward.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from scoring.evaluation.options import shuffled
from scoring.registry import find_row
from scoring.reward.scorer import Item
from scoring.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from scoring.evaluation.records import Floats, Ints
    from scoring.reward.scorer import Scorer

NOTHING = "…"
_FORMULA = re.compile(
    r"\$\$.*?\$\$|\$.*?\$|\\\(.*?\\\)|\\\[.*?\\\]|\\[A-Za-z]+(?:\{[^{}]*\})*|[-+*/=<>^×÷·−]|\d[\d.,/]*",
    re.DOTALL,
)
_WORD = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{2,}(?:['’-][^\W\d_]+)*")
_NUMBERING = re.compile(r"^\s*(?:step\s*\d+\s*[.:)]?|\(?\d+[.):])\s+", re.IGNORECASE)
_SPACES = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class EditRow:
    """One edit.

    Attributes:
        key: stored with numbers, never renamed.
        label: what a person reads.
        description: one sentence.
        text: from a step's text and its depth (from 1) to the new text; None = not step by step.
        applies_to: which problems it can be made of, in words; "" = all.
    """

    key: str
    label: str
    description: str
    text: Callable[[str, int], str] | None
    applies_to: str = ""


def without_words(text: str, _depth: int) -> str:
    """Drop the words of natural language; formulas, numbers and signs stay."""
    return _kept(_WORD.sub("", text))


def without_formulas(text: str, _depth: int) -> str:
    """Drop formulas, TeX, numbers and operators; words stay."""
    return _kept(_FORMULA.sub("", text))


def first_half(text: str, _depth: int) -> str:
    """Keep the first half of the words, one at least."""
    words = text.split(" ")
    return " ".join(words[: (len(words) + 1) // 2])


def renumbered(text: str, depth: int) -> str:
    """Put "Step k: " in front, in place of any numbering that is there."""
    return f"Step {depth}: {_NUMBERING.sub('', text)}"


def spaced(text: str, _depth: int) -> str:
    """Double every space and end with a line break."""
    return f"{_SPACES.sub('  ', text)}\n"


EDITS: dict[str, EditRow] = {
    row.key: row
    for row in (
        # Ablations.
        EditRow("words", "Without words", "Natural language is dropped.", without_words),
        EditRow("formulas", "Without formulas", "Formulas are dropped.", without_formulas),
        EditRow("half", "First half of steps", "Each step is cut in half.", first_half),
        EditRow("order", "Steps in another order", "Steps change places.", None),
        # Rewritings.
        EditRow("numbers", "Renumbered", "Steps are numbered anew.", renumbered),
        EditRow("spaces", "Other white space", "Spaces are doubled.", spaced),
        EditRow(
            "options",
            "Options in another order",
            "Answer options change places, and the letters that name them.",
            None,
            "problems with answer options",
        ),
    )
}


def edited(item: Item, key: str) -> tuple[Item, list[Ints]] | None:
    """Return a problem with edited steps, and where the steps of each trace stand in its tree.

    Args:
        item: a problem as it is.
        key: of ``EDITS``.

    Returns:
        The edited problem, and per trace ``(S,)`` positions in it of the steps as they stood in order; None
        if the edit does not apply to the problem.

    Raises:
        UnknownNameError: naming the known edits.
    """
    row = find_row(EDITS, "edit", key)
    tree = item.tree
    if key == "order":
        chains, places = _reordered(tree)
        return item._replace(tree=chains), places
    if row.text is not None:
        texts = [
            row.text(str(text), int(depth))
            for text, depth in zip(tree.text[1:], tree.depth[1:], strict=True)
        ]
        return item._replace(tree=_reworded(tree, texts)), tree.paths()
    other = shuffled(item.prompt)
    if other is None:
        return None
    texts = [other.relettered(str(text)) for text in tree.text[1:]]
    reference = other.relettered(item.reference)
    return Item(other.prompt, _reworded(tree, texts), reference), tree.paths()


def edited_scores(scorer: Scorer, items: Iterable[Item], key: str) -> Iterator[list[Floats]]:
    """Score the edited solutions of problems.

    Args:
        scorer: of any kind.
        items: the problems as they are.
        key: of ``EDITS``.

    Yields:
        For each problem per trace the ``(S,)`` scores of its steps, NaN = could not be scored, or the edit
        does not apply to the problem.
    """
    read: deque[tuple[bool, list[Ints]]] = deque()

    def changed() -> Iterator[Item]:
        for item in items:
            made = edited(item, key)
            read.append((False, item.tree.paths()) if made is None else (True, made[1]))
            if made is not None:
                yield made[0]

    for scores in scorer.score_many(changed()):
        while not read[0][0]:
            yield _unread(read.popleft()[1])
        yield [np.asarray(scores.step[where], np.float64) for where in read.popleft()[1]]
    for _, where in read:
        yield _unread(where)


def _unread(places: list[Ints]) -> list[Floats]:
    return [np.full(len(where), np.nan) for where in places]


def _reworded(tree: Tree, texts: Sequence[str]) -> Tree:
    """Return the tree with other texts of its steps."""
    return Tree.from_columns(ids=tree.ids, parent=tree.parent, ends=tree.ends, text=["", *texts])


def _reordered(tree: Tree) -> tuple[Tree, list[Ints]]:
    """Return every trace as a chain with its steps in another order, the same at every call."""
    parent, texts, ends = [-1], [""], []
    places: list[Ints] = []
    for path in tree.paths():
        words = [str(text) for text in tree.text[path]]
        seed = int.from_bytes(sha256("\0".join(words).encode()).digest()[:8], "big")
        order = np.random.default_rng(seed).permutation(len(words))
        start = len(texts)
        parent += [0 if at == 0 else start + at - 1 for at in range(len(words))]
        texts += [words[at] for at in order]
        place = np.empty(len(words), dtype=np.int64)
        place[order] = start + np.arange(len(words))
        places.append(place)
        ends.append(len(texts) - 1 if len(words) else 0)
    return Tree.from_columns(ids=range(len(texts)), parent=parent, ends=ends, text=texts), places


def _kept(text: str) -> str:
    """Return what is left of a text, a mark where nothing is."""
    return _SPACES.sub(" ", text).strip() or NOTHING
