"""How a run talks to whoever started it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scoring.errors import CancelledError
from scoring.training.team import ALONE, Team

OnMetric = Callable[[int, dict[str, float]], None]
OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a run calls; each does nothing unless it is given.

    Attributes:
        on_metric, on_progress, on_saved, should_stop: see ``fit``.
        team: the processes that share the run.
    """

    on_metric: OnMetric = field(default=lambda _step, _values: None)
    on_progress: OnProgress = field(default=lambda _done, _total, _message: None)
    on_saved: Callable[[], None] = field(default=lambda: None)
    should_stop: Callable[[], bool] = field(default=lambda: False)
    team: Team = field(default=ALONE)

    def scored(self, done: int, total: int, step: int) -> None:
        """Tell how many held-out problems are scored, and stop if that is asked for.

        Raises:
            CancelledError: after ``should_stop``; it names the optimiser step to go on from.
        """
        self.on_progress(done, total, evaluating(done, total))
        if self.should_stop():
            raise CancelledError(f"stopped while evaluating; resuming continues from step {step}")

    @classmethod
    def of(cls, **given: Any) -> Hooks:
        """Take those that are not None."""
        return cls(**{name: hook for name, hook in given.items() if hook is not None})


def evaluating(done: int, total: int, what: str = "held-out problems") -> str:
    """Return the sentence for the progress of an evaluation."""
    return f"Evaluating: {done:,} of {total:,} {what} scored."
