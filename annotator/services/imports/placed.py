"""Where a batch goes, and its records once they have a place in their problem's tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from annotator.models import Project, SourceFile
    from annotator.services.imports.names import Names
    from annotator.services.imports.prepare import Prepared
    from annotator.services.imports.problems import OpenProblem


@dataclass(frozen=True, slots=True)
class Destination:
    """Where records go: a project, under a format, out of a file."""

    project: Project
    format: str
    file: SourceFile
    names: Names


@dataclass(slots=True)
class Placed:
    """A record of the batch in its problem's tree.

    Attributes:
        steps: for each node of the record the position of its step in ``problem.tree``.
        trace_ids: for each trace its id, known once ids are reserved.
    """

    prepared: Prepared
    problem: OpenProblem
    source_id: int
    steps: list[int]
    trace_ids: Sequence[int] = ()

    def step_id(self, node: int) -> int:
        """Return the id of the step that ``node`` of the record became."""
        return self.problem.tree.ids[self.steps[node]]
