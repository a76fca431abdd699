"""Scoring shared by several workers: each takes the next problem that nobody has.

Who scores a problem holds an advisory lock of the database on it until its scores are stored. A worker that
dies loses its connection and with it its locks, so what it had not stored is taken by another one. The job
that was asked for goes on until nothing waits any more, whoever scores it; the jobs that help it end when
there is nothing left to take, or when it has ended.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection

from annotator.models import Job
from annotator.queries.jobs import OPEN_STATES, score_helpers
from annotator.queries.models import steps_to_score
from annotator.services.jobs.sharing import PART_OF, helpers_create

if TYPE_CHECKING:
    from collections.abc import Iterator

    from annotator.models import RewardModel
    from scoring.pipelines.context import JobContext

SHARED_FROM = 200
"""Problems from which on other workers are asked to help."""
WAIT_S = 0.5
COUNT_S = 5.0


class Share:
    """One worker's part in the scoring of a project.

    Attributes:
        together: the model judges all answers to a problem at once, so problems are scored as a whole;
            otherwise only their steps without a score.
        total: steps that this job found waiting so far; an import meanwhile adds to them.
    """

    def __init__(self, context: JobContext, model: RewardModel, *, together: bool = False) -> None:
        self._context, self._model = context, model
        self.together = together
        self._parent: int | None = context.args.get(PART_OF)
        self._waiting = self._steps_waiting() if self._goes_on() else {}
        self._seen = dict(self._waiting)
        self._tried: set[int] = set()
        self._held: list[int] = []
        self._counted = 0.0
        self.total = self._left = sum(self._seen.values())
        if self._parent is None and len(self._waiting) >= SHARED_FROM:
            helpers_create(job=context.job)

    def problems(self) -> Iterator[int]:
        """Yield ids of problems, each held for this worker alone until ``stored``."""
        waiting = self._waiting
        while waiting and self._goes_on():
            taken = len(self._tried)
            for pk in list(waiting):
                if self._context.should_stop() or not self._goes_on():
                    return
                if self._take(pk):
                    yield pk
            if taken == len(self._tried):  # others hold them all
                if self._parent is not None:
                    return
                time.sleep(WAIT_S)
                self.tell(len(self._tried))
            waiting = self._untried()
            for pk, steps in waiting.items():
                self._note(pk, steps)

    def stored(self) -> None:
        """Let go of the problems whose scores are stored now."""
        held, self._held = self._held, []
        with connection.cursor() as cursor:
            for pk in held:
                cursor.execute(
                    "SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [self._key(pk)]
                )

    def give_up(self) -> None:
        """Let go of what is still held, however the job ends; a lost connection has done so itself."""
        with suppress(DatabaseError):
            self.stored()

    def tell(self, own: int) -> None:
        """Tell how far it is: this worker's steps, or with helpers those of all.

        Args:
            own: steps that this worker is done with, also those that cannot be scored.
        """
        done = own
        if self._parent is None and score_helpers(job=self._context.job).exists():
            if time.monotonic() - self._counted > COUNT_S:
                self._counted = time.monotonic()
                self._left = sum(self._untried().values())
            done = max(own, self.total - self._left)
        self._context.progress(done, self.total, f"{done:,} of {self.total:,} steps done.")

    def tell_end(self) -> None:
        """Tell that nothing waits any more; of a helper, only what it did itself is told."""
        if self._parent is None:
            told = f"{self.total:,} of {self.total:,} steps done."
            self._context.progress(self.total, self.total, told)
            self._context.publish()

    def _take(self, pk: int) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [self._key(pk)])
            (mine,) = cursor.fetchone() or (False,)
        if not mine:
            return False
        self._held.append(pk)
        now = steps_to_score(model=self._model, together=self.together, problem=pk)
        if pk in now:
            self._tried.add(pk)
            self._note(pk, now[pk])
            return True
        self._held.pop()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [self._key(pk)])
        return False

    def _steps_waiting(self) -> dict[int, int]:
        return steps_to_score(model=self._model, together=self.together)

    def _untried(self) -> dict[int, int]:
        """Return what waits and was not tried here: of what cannot be scored, once is enough."""
        return {pk: n for pk, n in self._steps_waiting().items() if pk not in self._tried}

    def _note(self, pk: int, steps: int) -> None:
        """Count what came to a problem, or a new problem, since it was counted."""
        self.total += max(0, steps - self._seen.get(pk, 0))
        self._seen[pk] = max(steps, self._seen.get(pk, 0))

    def _key(self, pk: int) -> str:
        return f"score {self._model.pk} {pk}"

    def _goes_on(self) -> bool:
        """Say whether the job that this one helps still runs or waits; of that job itself, yes."""
        if self._parent is None:
            return True
        asked = Job.objects.filter(pk=self._parent, state__in=OPEN_STATES, cancel_requested=False)
        return asked.exists()
