"""``manage.py export_dataset --project NAME --format KEY --out DIR``: files other tools load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotator.exporters.registry import EXPORTERS, exporter
from annotator.management.output import Answer, ContractCommand, key_value
from annotator.queries.datasets.snapshots import snapshot_named
from annotator.services.datasets.exports import export_create
from annotator.services.projects.projects import project_get_or_create

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(ContractCommand):
    """Write a snapshot as files with a manifest; without one, the project as it is now."""

    help = "Export a snapshot of a project."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name project, snapshot, format, folder and the format's options."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--snapshot", metavar="NAME")
        parser.add_argument(
            "--format", required=True, metavar="KEY", help=f"one of: {', '.join(EXPORTERS)}"
        )
        parser.add_argument("--out", required=True, metavar="DIR")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            type=key_value,
            metavar="k=v",
            help="an option of the format",
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        """Export in this process."""
        chosen = exporter(options["format"]).checked_options(dict(options["set"]))
        project = project_get_or_create(name=options["project"])
        name = options["snapshot"]
        export = export_create(
            project=project,
            snapshot=snapshot_named(project=project, name=name) if name else None,
            format=options["format"],
            options=chosen,
            out_dir=options["out"],
        )
        out = Path(options["out"])
        files = [
            {"path": str(out / file["path"]), "rows": file["rows"], "sha256": file["sha256"]}
            for file in export.files
        ]
        lines = [
            f"{export.rows:,} rows of snapshot '{export.snapshot.name}' as {export.format}:",
            *(f"{file['path']}: {file['rows']:,} rows" for file in files),
            *(f"left out: {n:,} × {reason}" for reason, n in export.excluded.items()),
        ]
        return Answer(
            {
                "format": export.format,
                "snapshot": export.snapshot.name,
                "rows": export.rows,
                "excluded": export.excluded,
                "files": files,
            },
            lines,
        )
