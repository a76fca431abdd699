"""The run that computes an agreement report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.queries.agreement.scope import Scope
from annotator.services.agreement import agreement_report_make

if TYPE_CHECKING:
    from scoring.pipelines.context import JobContext


def run(context: JobContext) -> dict[str, Any]:
    """Compute and store the report; the result names it and counts what it is about."""

    def tell(done: int, total: int | None, doing: str) -> None:
        context.progress(done, total, doing)
        context.check()

    stored = agreement_report_make(
        project=context.project,
        scope=Scope.from_stored(context.args["scope"]),
        on_progress=tell,
        job=context.job,
    )
    return {"report": stored.pk, "version": stored.version, **stored.payload["counts"]}
