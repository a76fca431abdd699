"""``manage.py snapshot_dataset --project NAME --name NAME``: freeze a project's judgements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.output import Answer, ContractCommand
from annotator.services.datasets.snapshots import snapshot_create
from annotator.services.jobs.requests import rules_check
from annotator.services.projects.projects import project_get_or_create

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(ContractCommand):
    """Make a snapshot that later labels, corrections and imports do not touch."""

    help = "Freeze a project as a named, immutable snapshot."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name project and snapshot, and the rules."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument("--name", required=True, metavar="NAME")
        parser.add_argument("--aggregate", metavar="RULE", help="majority, latest or per_rater")
        parser.add_argument(
            "--neutral", metavar="POLICY", help="positive, negative, drop or soft: what a 0 means"
        )
        parser.add_argument(
            "--include-machine",
            action="store_true",
            help="take checkers' labels too; they count where nobody else rated the step",
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        """Freeze the project in this process."""
        given = {name: options[name] for name in ("aggregate", "neutral") if options[name]}
        rules = rules_check(rules={**given, "include_machine": options["include_machine"]})
        project = project_get_or_create(name=options["project"])
        snapshot = snapshot_create(project=project, name=options["name"], rules=rules)
        counts = snapshot.counts
        lines = [
            (
                f"Snapshot '{snapshot.name}': {counts['problems']:,} problems, {counts['traces']:,} "
                f"traces, {counts['steps']:,} steps, {counts['labels']:,} labels, "
                f"{counts['pairs']:,} pairs."
            ),
            *(f"left out: {n:,} × {reason}" for reason, n in counts["excluded"].items()),
            f"hash {snapshot.hash}",
        ]
        return Answer({"snapshot": snapshot.name, "hash": snapshot.hash, **counts}, lines)
