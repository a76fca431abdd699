"""What has to be asked so that every step of a tree is judged once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.judge.judge import Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from scoring.judge.config import JudgeConfig
    from scoring.tree import Tree

LEFT_OUT = "no vote on its path could be read"


def questions_of(
    config: JudgeConfig,
    prompt: str,
    tree: Tree,
    *,
    reference: str = "",
    wanted: npt.NDArray[np.bool_] | None = None,
) -> Iterator[Question]:
    """Yield questions that cover the wanted steps, each step once.

    The paths to the leaves in pre-order; of each what no path before it covered, at most
    ``steps_at_once`` steps at a time. A question ends at the last step that it asks about.

    Args:
        config: of the judge.
        prompt: the problem.
        tree: its steps.
        reference: the reference answer, "" = none.
        wanted: ``(N,)`` which steps need a verdict; None = all.

    Yields:
        Questions whose ``places`` are the positions of the steps asked about.
    """
    open_steps = np.ones(len(tree), np.bool_) if wanted is None else wanted.copy()
    open_steps[0] = False
    leaves = np.setdiff1d(np.arange(len(tree)), tree.parent)
    for leaf in leaves.tolist():
        path = _path(tree, leaf)
        waiting = np.flatnonzero(open_steps[path])
        open_steps[path] = False
        while len(waiting):
            first = int(waiting[0])
            last = int(waiting[waiting < first + config.steps_at_once][-1])
            yield Question(
                problem=prompt,
                steps=tuple(str(text) for text in tree.text[path[: last + 1]]),
                first=first + 1,
                reference=reference,
                places=tuple(path[first : last + 1]),
            )
            waiting = waiting[waiting > last]


def _path(tree: Tree, end: int) -> list[int]:
    """Return the positions from below the root to ``end``."""
    path = []
    while end > 0:
        path.append(end)
        end = int(tree.parent[end])
    return path[::-1]
