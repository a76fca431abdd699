"""Files of an export and the manifest about them: name, rows and SHA-256 of what was written."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from annotator.exporters.records import ExportProblem

MANIFEST = "manifest.json"
OpenFile = Callable[[str], IO[bytes]]
_FLUSH = 1 << 18


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One line of the manifest."""

    path: str
    rows: int
    sha256: str
    size: int


@dataclass(slots=True)
class ExportReport:
    """What an export wrote and what it left out.

    Attributes:
        rows: rows over all data files.
        excluded: reason in words to number of things left out for it.
        levels: rows by the level of what they judge (step, branch, trace), where a row has one.
        rankings: rankings that were read, by level, whatever became of them.
        files: the manifest, in the order in which the files were finished.
    """

    rows: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    rankings: Counter[str] = field(default_factory=Counter)
    files: list[FileEntry] = field(default_factory=list)


class HashedFile(io.RawIOBase):
    """A file that counts and hashes what passes through it."""

    def __init__(self, path: str, target: IO[bytes]) -> None:
        self.path = path
        self.rows = 0
        self._target = target
        self._hash = hashlib.sha256()
        self._size = 0
        self._abandoned = False

    def writable(self) -> bool:
        """Say yes: this is what the file is for."""
        return True

    def write(self, data: Any) -> int:
        """Pass bytes on and count them."""
        view = memoryview(data).cast("B")
        if self._abandoned:
            return len(view)
        self._hash.update(view)
        self._size += len(view)
        self._target.write(view)
        return len(view)

    def tell(self) -> int:
        """Return the number of bytes written, which Parquet's footer refers to."""
        return self._size

    def entry(self) -> FileEntry:
        """Return the manifest line for what was written so far."""
        return FileEntry(self.path, self.rows, self._hash.hexdigest(), self._size)

    def abandon(self) -> None:
        """Close the target; a format's writer may still add its footer, to nowhere."""
        self._abandoned = True
        self._target.close()

    def close(self) -> None:
        """Close the target once."""
        if not self.closed:
            self._target.close()
        super().close()


class Sink:
    """Opens files for an exporter and collects the report.

    Args:
        open_file: opens ``name`` (forward slashes, relative) for writing; the sink closes it.
    """

    def __init__(self, open_file: OpenFile) -> None:
        self._open_file = open_file
        self._open: list[HashedFile] = []
        self.report = ExportReport()

    def open(self, path: str) -> HashedFile:
        """Start a file."""
        file = HashedFile(path, self._open_file(path))
        self._open.append(file)
        return file

    def finish(self, file: HashedFile, *, data: bool = True) -> FileEntry:
        """Close a file and enter it in the manifest; ``data`` False: its rows do not count."""
        entry = file.entry()
        file.close()
        self._open.remove(file)
        self.report.files.append(entry)
        self.report.rows += entry.rows if data else 0
        return entry

    def exclude(self, reason: str, count: int = 1) -> None:
        """Count things that were left out, in words."""
        if count:
            self.report.excluded[reason] += count

    def count_level(self, level: str) -> None:
        """Count a row by its level."""
        self.report.levels[level] += 1

    def abandon(self) -> None:
        """Close what a failed export left open."""
        for file in self._open:
            file.abandon()
        self._open.clear()


class JsonLines:
    """JSON lines files by name, opened at their first row.

    Args:
        sink: where the files go.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._files: dict[str, tuple[HashedFile, list[bytes]]] = {}
        self._waiting = 0

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._sink.abandon()
            return
        self._flush()
        for file, _ in self._files.values():
            self._sink.finish(file)

    def file(self, name: str) -> HashedFile:
        """Make sure that ``name`` exists, even if no row follows."""
        return self._entry(name)[0]

    def _entry(self, name: str) -> tuple[HashedFile, list[bytes]]:
        entry = self._files.get(name)
        if entry is None:
            entry = self._files[name] = (self._sink.open(name), [])
        return entry

    def write(self, name: str, row: object) -> None:
        """Append one row."""
        file, waiting = self._entry(name)
        line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
        waiting.append(line)
        file.rows += 1
        self._waiting += len(line)
        if self._waiting > _FLUSH:
            self._flush()

    def _flush(self) -> None:
        for file, waiting in self._files.values():
            if waiting:
                file.write(b"".join(waiting))
                waiting.clear()
        self._waiting = 0


def lines_by_split(
    problems: Iterable[ExportProblem],
    sink: Sink,
    rows: Callable[[ExportProblem], Iterable[object]],
) -> None:
    """Write the rows of each problem, one JSON lines file per split."""
    with JsonLines(sink) as lines:
        for problem in problems:
            name = f"{problem.split}.jsonl"
            for row in rows(problem):
                lines.write(name, row)
