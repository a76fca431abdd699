"""What an exporter is: a row of text and numbers, and the module behind it.

``load`` is the only place that imports a format (one of them needs pyarrow).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from annotator.exporters.card import lines_card
from annotator.exporters.writer import ExportReport, OpenFile, Sink
from scoring.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from annotator.exporters.options import OptionRow
    from annotator.exporters.records import ExportProblem

    Write = Callable[[Iterator[ExportProblem], Sink, dict[str, Any]], None]


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
        files: names of the files that it writes, ``{split}`` standing for each split. A format that
            writes no dataset card is given one.
        options: what can be chosen.
        sources: whether it asks which imported record brought what.
    """

    key: str
    label: str
    target: str
    version: str
    row: str
    needs: tuple[str, ...]
    files: tuple[str, ...]
    options: tuple[OptionRow, ...] = ()
    sources: bool = False

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

        def counted() -> Iterator[ExportProblem]:
            for problem in problems:
                sink.report.rankings.update(ranking.level for ranking in problem.rankings)
                yield problem

        cast("Write", self.load().write)(counted(), sink, checked)
        return sink.report

    def card(self, project: str, paths: Iterable[str]) -> str:
        """Return the dataset card of data files, for a format that writes none itself."""
        splits = {path: self._split_of(path) for path in paths}
        return lines_card(project, self.label, self.row, splits)

    def _split_of(self, path: str) -> str:
        """Return the split of a data file; one file for everything is ``train``, as on the Hub."""
        return path.removesuffix(".jsonl") if "{split}.jsonl" in self.files else "train"
