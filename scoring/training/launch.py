"""A run in several processes: start them, listen to the first, and end them all together.

The process that has the job does no arithmetic. It starts ``processes`` fresh interpreters, answers what
the first asks for (progress, metrics, the wish to stop), and returns its result. When any of them dies,
the others are killed: the attempt is lost, and the next one goes on from the newest checkpoint. None of
them outlives the process that started it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import tempfile
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from scoring.errors import OutOfMemoryError, ProcessLostError, ScoringError, TrainingError
from scoring.registry import load_target
from scoring.reward.memory import is_out_of_memory
from scoring.training.hooks import Hooks
from scoring.training.team import Processes

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from scoring.training.config import RunConfig
    from scoring.training.result import FitResult
    from scoring.training.rundata import RunData

logger = logging.getLogger(__name__)

ASKED = ("on_metric", "on_progress", "on_saved", "should_stop")
COLLECT_S = 3.0
"""How long to wait for the cause when a process reports a fault that may be a consequence."""
TIMEOUT = timedelta(hours=1)
"""The longest that processes wait for one another; a death is noticed at once in any case."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What every process is given."""

    config: RunConfig
    data: RunData
    out_dir: Path
    device: str
    provenance: dict[str, Any]
    store: str
    size: int
    threads: int


@dataclass(frozen=True, slots=True)
class _Member:
    """A process and our end of its line."""

    rank: int
    process: SpawnProcess
    line: Connection


def launch(
    config: RunConfig,
    data: RunData,
    out_dir: Path,
    device: torch.device,
    hooks: Hooks,
    provenance: dict[str, Any],
) -> FitResult:
    """Train in ``config.training.processes`` processes; arguments and result are those of ``fit_one``.

    Raises:
        TrainingError: there are fewer GPUs than processes.
        ProcessLostError: one of them died; the run can be resumed.
        ScoringError: what the run itself raises.
    """
    size = config.training.processes
    if device.type == "cuda" and torch.cuda.device_count() < size:
        raise TrainingError(
            f"processes is {size} and this machine has {torch.cuda.device_count()} GPUs, one for each; "
            "lower processes, or train where there are more"
        )
    threads = max(1, torch.get_num_threads() // size)
    with tempfile.TemporaryDirectory(prefix="tracewood-team-") as folder:
        store = str(Path(folder) / "store")
        task = _Task(config, data, out_dir, device.type, provenance, store, size, threads)
        members: list[_Member] = []
        try:
            for rank in range(size):
                members.append(_start(rank, task))  # noqa: PERF401 - what was started must be ended
            return _listen(members, hooks)
        finally:
            for member in members:
                member.process.kill()
            for member in members:
                member.process.join()
                member.line.close()


def _start(rank: int, task: _Task) -> _Member:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(rank, task, theirs), name=f"training {rank + 1}")
    process.start()
    theirs.close()
    logger.info("training process started", extra={"rank": rank, "pid": process.pid})
    return _Member(rank, process, ours)


def _listen(members: list[_Member], hooks: Hooks) -> FitResult:
    """Answer the first process until it is done; raise what ended the run."""
    lines = {member.line: member for member in members}
    faults: list[BaseException] = []
    until: float | None = None
    while lines and (until is None or time.monotonic() < until):
        for line in wait(list(lines), None if until is None else until - time.monotonic()):
            member = lines[line]  # type: ignore[index]  # all are connections
            try:
                what, *said = member.line.recv()
            except (EOFError, ConnectionError):
                _died(member, len(members))
            if what == "ask":
                name, arguments = said
                member.line.send(getattr(hooks, name)(*arguments))
                continue
            del lines[member.line]
            if what == "done" and member.rank == 0:
                result: FitResult = said[0]
                return result
            if what == "failed":
                if isinstance(said[0], ScoringError):
                    raise said[0]
                # Losing a neighbour looks like a fault of one's own: wait for the cause.
                faults.append(said[0])
                until = time.monotonic() + COLLECT_S
    raise faults[0]


def _died(member: _Member, size: int) -> NoReturn:
    member.process.join()
    status = member.process.exitcode or 0
    how = (
        f"was ended by {signal.Signals(-status).name}"
        if status < 0
        else f"ended unexpectedly (exit status {status})"
    )
    raise ProcessLostError(
        f"Process {member.rank + 1} of the {size} that trained {how}; what was saved is kept."
    )


def _work(rank: int, task: _Task, line: Connection) -> None:
    """Be one of the processes: train, and say how it ended."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the one that started us decides
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        team = _join(rank, task)
        hooks = _hooks(line, team) if team.first else Hooks(team=team)
        trainer = load_target(task.config.row.trainer)
        result = trainer(task.config, task.data, task.out_dir, team.device, hooks, task.provenance)
        answer: tuple[Any, ...] = ("done", result if team.first else None)
    except Exception as error:  # noqa: BLE001 - the edge: every reason goes to the one that listens
        answer = ("failed", _portable(error))
    with suppress(BrokenPipeError):
        line.send(answer)
    line.close()
    # Taking the connections down in order would wait for neighbours that may be gone.
    os._exit(0)


def _join(rank: int, task: _Task) -> Processes:
    """Connect with the others, over this machine's loopback interface only."""
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(task.size),
        "LOCAL_WORLD_SIZE": str(task.size),
        "OMP_NUM_THREADS": str(task.threads),
        "GLOO_SOCKET_IFNAME": "lo",
        "NCCL_SOCKET_IFNAME": "lo",
    }
    torch.set_num_threads(task.threads)
    from accelerate import PartialState

    # A file in a private folder instead of a port that other users of the machine could reach.
    where: dict[str, Any] = {"init_method": f"file://{task.store}", "timeout": TIMEOUT}
    if task.device != "cpu":
        where |= {"rank": rank, "world_size": task.size}
    return Processes(PartialState(cpu=task.device == "cpu", **where))


def _hooks(line: Connection, team: Processes) -> Hooks:
    """Pass on what the first process says, and wait for the answer as if it were called here."""

    def asker(name: str) -> Any:
        def ask(*arguments: Any) -> Any:
            line.send(("ask", name, arguments))
            return line.recv()

        return ask

    return Hooks(team=team, **{name: asker(name) for name in ASKED})


def _portable(error: Exception) -> Exception:
    """Return an error that can be sent, with its traceback as a note."""
    if isinstance(error, ScoringError):
        with suppress(Exception):
            pickle.loads(pickle.dumps(error))  # noqa: S301 - made in this very line
            return error
        told = TrainingError(str(error))
        told.code = error.code
        return told
    if is_out_of_memory(error):
        return OutOfMemoryError("There is not enough memory for this job in one of its processes.")
    unexpected = RuntimeError(f"{type(error).__name__}: {error}")
    unexpected.add_note("".join(traceback.format_exception(error)))
    return unexpected


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that happened."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
