"""``manage.py rebuild_labels --project NAME``: current judgements from their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.output import PARTLY, Answer, ContractCommand
from annotator.models import Project
from annotator.services.rebuild import judgements_rebuild
from scoring.errors import UnknownNameError

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


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
        report = judgements_rebuild(project=project, dry_run=options["dry_run"])
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
