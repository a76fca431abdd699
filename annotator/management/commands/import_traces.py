"""``manage.py import_traces FILE… --project NAME``: trace files into a project."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotator.errors import AnnotatorError, ImportRefusedError
from annotator.importers.registry import IMPORTERS, importer
from annotator.management.output import NOTHING, PARTLY, Answer, ContractCommand
from annotator.services.imports import ImportReport, import_file
from annotator.services.imports.files import AUTO
from annotator.services.imports.report import ImportStoppedError, Place
from annotator.services.projects.projects import project_get_or_create

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from annotator.models import Project

_TELL_EVERY_S = 2.0
_SHOWN = 20


class Command(ContractCommand):
    """Import files; records that cannot be used are named, the others are in."""

    help = "Import trace files into a project (created if it is missing)."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name the files, the project and the format."""
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument(
            "--format",
            default=AUTO,
            metavar="KEY",
            help=f"auto (by content) or one of: {', '.join(IMPORTERS)}",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be added and add nothing"
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        """Import every file and add up the reports."""
        if options["format"] != AUTO:
            importer(options["format"])
        dry_run = options["dry_run"]
        self._quiet = options["json"] or options["verbosity"] < 1
        refusals: list[AnnotatorError] = []
        total = ImportReport("", dry_run=dry_run)
        # A dry run of a project that is not there must not leave it behind.
        with transaction.atomic() if dry_run else nullcontext():
            project = project_get_or_create(name=options["project"])
            for name in options["files"]:
                try:
                    total.add(self._import(project, name, options))
                except (ImportRefusedError, ImportStoppedError) as error:
                    refusals.append(error)
                    file = Path(name).name
                    reason = error.message.removeprefix(f"{file}: ")
                    total.list_error(Place(file, None, None, reason))
                    if isinstance(error, ImportStoppedError):
                        total.add(error.report)
                        break
            if dry_run:
                transaction.set_rollback(True)
        return _answer(total, refusals)

    def _import(self, project: Project, name: str, options: dict[str, Any]) -> ImportReport:
        told = monotonic()

        def on_progress(done: int, size: int, message: str) -> None:
            nonlocal told
            if not self._quiet and monotonic() - told >= _TELL_EVERY_S:
                told = monotonic()
                share = done / size if size else 1.0
                self.stderr.write(f"{name}: {share:.0%}, {message}", self.style.NOTICE)

        return import_file(
            project=project,
            path=Path(name),
            format=options["format"],
            dry_run=options["dry_run"],
            on_progress=on_progress,
        )


def _answer(total: ImportReport, refusals: list[AnnotatorError]) -> Answer:
    counts = total.counts
    verb = "would be added" if total.dry_run else "added"
    lines = [
        (
            f"Records: {counts.accepted - counts.unchanged:,} new, {counts.unchanged:,} already "
            f"there, {total.rejected:,} refused."
        ),
        (
            f"{counts.problems:,} problems, {counts.traces:,} traces, {counts.steps:,} steps, "
            f"{counts.labels:,} labels and {counts.scores:,} scores {verb}."
        ),
    ]
    lines += [_line(place) for place in total.errors[:_SHOWN]]
    lines += [f"warning: {_line(place)}" for place in total.warnings[:_SHOWN]]
    answer = Answer(total.as_dict(), lines)
    if total.rejected or refusals:
        answer.status = PARTLY if counts.accepted else NOTHING
        answer.code, answer.message = _error(total, refusals)
    return answer


def _error(total: ImportReport, refusals: list[AnnotatorError]) -> tuple[str, str]:
    parts = []
    if total.rejected:
        parts.append(f"{total.rejected:,} of {total.records:,} records were rejected")
    if len(refusals) > 1:
        parts.append(f"{len(refusals)} files were refused; the reasons are listed")
    elif refusals:
        parts.append(refusals[0].message)
    only_refusal = len(refusals) == 1 and not total.rejected
    return refusals[0].code if only_refusal else "records_rejected", "; ".join(parts)


def _line(place: Place) -> str:
    where = f":{place.line}" if place.line is not None else ""
    record = f" (record {place.record})" if where == "" and place.record is not None else ""
    return f"{place.file}{where}{record}: {place.reason}"
