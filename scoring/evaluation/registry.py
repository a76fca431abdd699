"""The suites that a reward model can be evaluated on: one file and one row each. Torch-free."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from scoring.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class SuiteRow:
    """One suite.

    Attributes:
        key: stored with every report, never renamed.
        label: what a person reads in the menu.
        target: ``module:function`` taking a model and labelled trees.
        version: raised when the same scores would give other numbers.
        needs: what the project must have.
        description: one sentence for the menu.
    """

    key: str
    label: str
    target: str
    version: str
    needs: tuple[str, ...]
    description: str

    def load(self) -> Any:
        """Import the suite's function."""
        module, name = self.target.split(":")
        return getattr(importlib.import_module(module), name)


SUITES: dict[str, SuiteRow] = {
    row.key: row
    for row in (
        SuiteRow(
            key="steps",
            label="Step labels",
            target="scoring.evaluation.steps:evaluate",
            version="2",
            needs=("step labels",),
            description="Ranks labelled steps by score: AUROC and average precision beside a "
            "length-only baseline, with intervals over problems.",
        ),
    )
}


def suite(key: str) -> SuiteRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known suites.
    """
    try:
        return SUITES[key]
    except KeyError:
        raise UnknownNameError("evaluation suite", key, SUITES) from None
