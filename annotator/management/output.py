"""What the commands of the contract share: one JSON object, exit statuses, errors in words.

With ``--json`` exactly one object goes to stdout, whatever happens; without it a few plain lines.
Exit 0: all done. 1: done, but not all of it. 2: nothing could be done. Status 1 and 2 carry
``"error": {"code", "message"}``. No traceback shows for anything that a user can cause.
"""

from __future__ import annotations

import argparse
import json
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor

from annotator.errors import AnnotatorError
from annotator.services.background import background_enter
from scoring.errors import ScoringError

DONE, PARTLY, NOTHING, INTERRUPTED = 0, 1, 2, 130
_MIGRATE_FIRST = "The database has not been prepared for this version: run `manage.py up` or `manage.py migrate` first."


@dataclass(slots=True)
class Answer:
    """What a command has to say.

    Attributes:
        data: the object of ``--json``.
        lines: the same for people.
        status: the exit status.
        code, message: the error, for a status that is not 0.
    """

    data: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    status: int = DONE
    code: str = ""
    message: str = ""


class ContractCommand(BaseCommand, ABC):
    """Base of the commands that other programs call; a subclass writes ``answer``."""

    requires_system_checks: list[str] = []
    # Whether the process is the command's own, and not a program that calls it.
    owns_process = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--json`` and what the subclass asks for."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        self.add_own_arguments(parser)

    @abstractmethod
    def add_own_arguments(self, parser: CommandParser) -> None:
        """Add the arguments of the subclass."""

    @abstractmethod
    def answer(self, options: dict[str, Any]) -> Answer:
        """Do the work.

        Raises:
            AnnotatorError, ScoringError: what was asked for cannot be done; exit status 2.
        """

    def handle(self, *args: str, **options: Any) -> None:
        """Print the answer and leave with its status."""
        if self.owns_process:
            background_enter()
        try:
            answer = self.answer(options)
        except AnnotatorError as error:
            answer = refused(error.code, error.message)
        except ScoringError as error:
            answer = refused(error.code, str(error))
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            answer = refused("database", f"The database is not there: {reason}")
        except ProgrammingError:
            if not _migrations_missing():
                raise
            answer = refused("database", _MIGRATE_FIRST)
        except KeyboardInterrupt:
            answer = refused("interrupted", "Stopped.", status=INTERRUPTED)
        self.tell(answer, as_json=options["json"])
        if answer.status:
            sys.exit(answer.status)

    def tell(self, answer: Answer, *, as_json: bool) -> None:
        """Print ``answer``: everything to stdout as JSON, or lines to stdout and the error to stderr."""
        if as_json:
            error = {"code": answer.code, "message": answer.message}
            data = answer.data | ({"error": error} if answer.status else {})
            self.stdout.write(json.dumps(data, ensure_ascii=False))
            return
        for line in answer.lines:
            self.stdout.write(line)
        if answer.status:
            self.stderr.write(answer.message)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Make a parser that raises CommandError for a wrong call, for ``run_from_argv`` to tell."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as the command line asks; a wrong call is answered in the same form as the rest."""
        self.owns_process = True
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            message = str(error).removeprefix("Error: ")
            self.tell(refused("usage", message), as_json="--json" in argv)
            sys.exit(NOTHING)


def _migrations_missing() -> int:
    """Return how many migrations this version has that the database has not seen."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def refused(code: str, message: str, status: int = NOTHING) -> Answer:
    """Return the answer of a command that could do nothing."""
    return Answer({}, [], status, code, message)


def key_value(text: str) -> tuple[str, str]:
    """Read an argument of the form ``key=value``."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form key=value")
    return key, value
