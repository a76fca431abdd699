"""``manage.py check_answers --project NAME``: outcomes from final answers, by computer algebra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotator.management.output import Answer, ContractCommand
from annotator.queries.projects import project_named
from annotator.services.judgements.answers import answers_check
from scoring.verify.answers import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.management.base import CommandParser

TELL_EVERY = 500


class Command(ContractCommand):
    """Compare the last step of every trace with its problem's reference answer."""

    help = "Store whether the final answer of each trace is the reference's, as its outcome."

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Name the project and the outcome."""
        parser.add_argument("--project", required=True, metavar="NAME")
        parser.add_argument(
            "--outcome", default="", metavar="NAME", help="default: the project's primary one"
        )
        parser.add_argument(
            "--replace", action="store_true", help="also where a trace has it from elsewhere"
        )
        parser.add_argument(
            "--seconds", type=float, default=SECONDS, help="limit of one comparison (default 5)"
        )

    def answer(self, options: dict[str, Any]) -> Answer:
        """Check here and now; what was checked before is not checked again."""
        report = answers_check(
            project=project_named(name=options["project"]),
            name=options["outcome"],
            replace=options["replace"],
            seconds=options["seconds"],
            on_progress=self._told(options),
        )
        return Answer(
            report.as_dict(),
            [
                (
                    f"'{report.outcome}': {report.right:,} right, {report.wrong:,} wrong, "
                    f"{report.unchanged:,} of them checked before."
                ),
                (
                    f"No verdict on {report.unread:,} ({report.late:,} took too long or too much memory); {report.kept:,} "
                    f"had it from elsewhere; {report.without_reference:,} without a reference answer."
                ),
            ],
        )

    def _told(self, options: dict[str, Any]) -> Callable[[int, int], None] | None:
        """Return what writes a line to stderr every so many traces; None with ``--json``."""
        if options["json"] or options["verbosity"] < 1:
            return None

        def tell(done: int, total: int) -> None:
            if done % TELL_EVERY == 0:
                words = f"{done:,} of {total:,} traces checked ({done / total:.0%})"
                self.stderr.write(words, self.style.NOTICE)

        return tell
