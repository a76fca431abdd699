"""The exporters: one file in ``formats/`` and one row here each.

``load`` is the only place that imports a format (one of them needs pyarrow); rows are plain text for
menus, the command line, docs and tests.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from annotator.errors import InvalidError
from annotator.exporters.records import ExportProblem
from annotator.exporters.writer import ExportReport, OpenFile, Sink
from scoring.errors import UnknownNameError

Write = Callable[[Iterator[ExportProblem], Sink, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class OptionRow:
    """A choice that the person may make; the default's type is the option's type.

    Attributes:
        choices: allowed texts, empty for a whole number or free text.
        low: smallest number.
    """

    name: str
    label: str
    default: str | int
    help: str
    choices: tuple[str, ...] = ()
    low: int = 0

    def checked(self, value: object) -> str | int:
        """Return ``value`` as the option's type.

        Raises:
            InvalidError: naming the option and what it takes.
        """
        if isinstance(self.default, int):
            try:
                number = int(str(value))
            except ValueError:
                number = self.low - 1
            if number >= self.low:
                return number
            expected = f"a whole number from {self.low} on"
        elif not self.choices or value in self.choices:
            return str(value)
        else:
            expected = " or ".join(self.choices)
        message = f"option '{self.name}': expected {expected}, got '{value}'"
        raise InvalidError(message, fields={self.name: message})


@dataclass(frozen=True, slots=True)
class ExporterRow:
    """What menus, docs and tests need to know about an exporter without loading it.

    Attributes:
        key: stored in the database, never renamed.
        label: what a person reads in the menu.
        target: module with ``write(problems, sink, options)``.
        version: raised when the mapping changes.
        row: what one row of the export is.
        needs: which of ``labels``, ``targets``, ``outcomes`` must be there for a row to come out.
        files: names of the files, ``{split}`` standing for each split.
        options: what can be chosen.
    """

    key: str
    label: str
    target: str
    version: str
    row: str
    needs: tuple[str, ...]
    files: tuple[str, ...]
    options: tuple[OptionRow, ...] = ()

    def load(self) -> Any:
        """Return the module behind the row."""
        return importlib.import_module(self.target)

    def checked_options(self, given: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return all options, defaults filled in.

        Raises:
            UnknownNameError: naming the known options.
            InvalidError: a value outside what the option takes.
        """
        known = {option.name: option for option in self.options}
        for name in given or {}:
            if name not in known:
                raise UnknownNameError(f"option of export format {self.key}", name, known)
        given = given or {}
        return {
            name: option.checked(given.get(name, option.default)) for name, option in known.items()
        }

    def write(
        self,
        problems: Iterator[ExportProblem],
        open_file: OpenFile,
        options: Mapping[str, object] | None = None,
    ) -> ExportReport:
        """Write ``problems`` in constant memory and return the report with the manifest."""
        checked = self.checked_options(options)
        sink = Sink(open_file)
        cast("Write", self.load().write)(problems, sink, checked)
        return sink.report


_F = "annotator.exporters.formats"
_SEPARATOR = OptionRow(
    "separator",
    "Between steps",
    "\n\n",
    "text put after the problem and after each step of a prefix",
)
_CAP = OptionRow(
    "max_per_problem",
    "Rows per problem",
    64,
    "a seeded sample of this size is taken from problems with more; 0 = no limit",
)
_OUTCOME = OptionRow("outcome", "Outcome", "correct", "name of the outcome that compares traces")
EXPORTERS: dict[str, ExporterRow] = {
    row.key: row
    for row in (
        ExporterRow(
            "tracewood",
            "Tracewood JSONL (lossless)",
            f"{_F}.tracewood",
            "1",
            "a problem",
            (),
            ("tracewood.jsonl",),
        ),
        ExporterRow(
            "prm800k",
            "PRM800K",
            f"{_F}.prm800k",
            "2",
            "a labelled solution",
            ("labels",),
            ("prm800k.jsonl",),
            (
                OptionRow(
                    "max_siblings",
                    "Siblings per step",
                    32,
                    "candidates beside the chosen one, for records that do not come from PRM800K",
                ),
                OptionRow(
                    "outcome",
                    "Outcome",
                    "correct",
                    "name of the outcome by which a trace without a wrong step may still be wrong",
                ),
            ),
        ),
        ExporterRow(
            "trl_stepwise",
            "TRL stepwise supervision",
            f"{_F}.trl_stepwise",
            "1",
            "a labelled path of the tree",
            ("targets",),
            ("{split}.jsonl",),
            (
                OptionRow(
                    "labels",
                    "Labels",
                    "bool",
                    "true/false, or the target itself",
                    ("bool", "soft"),
                ),
            ),
        ),
        ExporterRow(
            "parquet",
            "Parquet with dataset card",
            f"{_F}.parquet",
            "1",
            "a step (table 'steps'), a trace ('traces') or a label ('labels')",
            (),
            (
                "README.md",
                "steps/{split}-00000.parquet",
                "traces/{split}-00000.parquet",
                "labels/{split}-00000.parquet",
            ),
        ),
        ExporterRow(
            "trl_preference",
            "TRL preference pairs",
            f"{_F}.trl_preference",
            "1",
            "a pair of sibling steps or of traces",
            ("targets or outcomes",),
            ("{split}.jsonl",),
            (_CAP, _OUTCOME, _SEPARATOR),
        ),
        ExporterRow(
            "trl_unpaired",
            "TRL unpaired preference",
            f"{_F}.trl_unpaired",
            "1",
            "a judged step or trace",
            ("targets or outcomes",),
            ("{split}.jsonl",),
            (_CAP, _OUTCOME, _SEPARATOR),
        ),
    )
}


def exporter(key: str) -> ExporterRow:
    """Return the row called ``key``.

    Raises:
        UnknownNameError: naming the known formats.
    """
    try:
        return EXPORTERS[key]
    except KeyError:
        raise UnknownNameError("export format", key, EXPORTERS) from None
