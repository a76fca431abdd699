"""``manage.py rebuild_labels --project NAME``: current judgements from their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.output import PARTLY, Answer, ContractCommand
from annotator.models import Project
from annotator.services.history.rebuild import judgements_rebuild
from scoring.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.management.base import CommandParser

TELL_EVERY = 500


class Command(ContractCommand):
    """Compare every label, span, alternative and outcome with its events; repair differences."""

    help = "Rebuild the current judgements of a project from their events and report differences."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name the project."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--dry-run", action="store_true", help="report and change nothing")

    def answer(self, options: dict[str, Any]) -> Answer:
        """Rebuild; differences that a dry run leaves in place are exit status 1."""
        name = options["project"]
        project = Project.objects.filter(name__iexact=name.strip()).first()
        if project is None:
            known = Project.objects.order_by("name").values_list("name", flat=True)
            raise UnknownNameError("project", name, known or ["none yet"])
        report = judgements_rebuild(
            project=project, dry_run=options["dry_run"], on_progress=self._told(options)
        )
        verb = "would be" if options["dry_run"] else "were"
        answer = Answer(
            report.as_dict(),
            [
                f"{report.rows:,} rows of {report.problems:,} problems compared with their events.",
                (
                    f"{report.missing:,} missing, {report.extra:,} without an event and "
                    f"{report.different:,} different rows {verb} repaired."
                ),
            ],
        )
        if options["dry_run"] and not report.equal:
            answer.status = PARTLY
            answer.code = "rows_differ"
            answer.message = "Some rows differ from their events; run without --dry-run to repair."
        return answer

    def _told(self, options: dict[str, Any]) -> Callable[[int, int], None] | None:
        """Return what writes a line to stderr every so many problems; None with ``--json``."""
        if options["json"] or options["verbosity"] < 1:
            return None

        def tell(done: int, total: int) -> None:
            if done % TELL_EVERY == 0:
                words = f"{done:,} of {total:,} problems compared ({done / total:.0%})"
                self.stderr.write(words, self.style.NOTICE)

        return tell
