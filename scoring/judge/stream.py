"""Questions to an event loop in a thread of its own, answers back as they come.

The caller stays an ordinary thread, with its database connection, its wish to stop and its notebook;
the loop can break off any request at once, which a thread that waits for a socket cannot.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from scoring.errors import JudgeEndpointError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator

    Work = Coroutine[Any, Any, Any]

Asked = TypeVar("Asked")
Found = TypeVar("Found")
WAKE_S = 0.5


def streamed(
    questions: Iterable[Asked],
    judged: Callable[[Asked], Coroutine[Any, Any, Found]],
    close: Callable[[], Coroutine[Any, Any, None]],
    *,
    at_once: int,
) -> Generator[tuple[Asked, Found | JudgeEndpointError] | None]:
    """Yield each question with what ``judged`` made of it; None after ``WAKE_S`` without any.

    Args:
        questions: taken when one of ``at_once`` places is free.
        judged: runs in the loop.
        close: runs in the loop at the end, however it comes.
        at_once: questions on their way.

    Raises:
        JudgeEndpointError: a lasting one, after what was on its way has been yielded.
    """
    source = iter(questions)
    waiting: dict[Future[Found], Asked] = {}
    lasting: JudgeEndpointError | None = None
    with _loop(close) as loop:
        while True:
            while lasting is None and len(waiting) < at_once:
                try:
                    question = next(source)
                except StopIteration:
                    break
                waiting[asyncio.run_coroutine_threadsafe(judged(question), loop)] = question
            if not waiting:
                break
            done, _ = wait(waiting, WAKE_S, FIRST_COMPLETED)
            if not done:
                yield None
            for future in done:
                try:
                    found: Found | JudgeEndpointError = future.result()
                except JudgeEndpointError as error:
                    found = error
                    lasting = lasting or (error if error.lasting else None)
                yield waiting.pop(future), found
    if lasting is not None:
        raise lasting


@contextmanager
def _loop(close: Callable[[], Work]) -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread; what is still on its way at the end is cancelled."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="judge", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        with suppress(CancelledError):
            asyncio.run_coroutine_threadsafe(_ended(close), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _ended(close: Callable[[], Work]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await close()
