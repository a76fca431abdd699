"""Reading ahead: the next batch is parsed while the database still works on the last one."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
_LOOK_UP_S = 0.1


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


class _End:
    pass


class ReadAhead(Generic[T]):
    """Iterates over ``source`` in a thread, at most one item ahead of its reader.

    The first item is made in the reader's own thread: a file of one batch needs no second one.
    Errors of the source are raised at the reader. ``close`` ends the thread early.
    """

    def __init__(self, source: Iterable[T]) -> None:
        self._source = iter(source)
        self._queue: queue.Queue[T | _Failed | _End] = queue.Queue(maxsize=1)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __iter__(self) -> Iterator[T]:
        try:
            yield next(self._source)
        except StopIteration:
            return
        self._thread = threading.Thread(target=self._run, name="import-reader", daemon=True)
        self._thread.start()
        while not isinstance(item := self._queue.get(), _End):
            if isinstance(item, _Failed):
                raise item.error
            yield item

    def close(self) -> None:
        """Stop reading and wait for the thread to end."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            for item in self._source:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 - raised again by the reader
            self._put(_Failed(error))
        else:
            self._put(_End())

    def _put(self, item: T | _Failed | _End) -> bool:
        """Hand ``item`` over; False if the reader has gone."""
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_UP_S)
            except queue.Full:
                continue
            return True
        return False
