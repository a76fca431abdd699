"""What every figure says beside itself: the machine, its load, and whose processor time it took."""

from __future__ import annotations

import datetime
import os
import platform
from contextlib import suppress
from pathlib import Path

import psutil


def hardware() -> dict[str, object]:
    """Return processor, cores, memory and the load of the last minute."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def now() -> str:
    """Return the time in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


class Processor:
    """Processor seconds of process trees: what a busy machine cannot blur as it blurs the clock.

    Args:
        roots: name to process id, for example of a web server and of a postmaster. A process that
            ends during a measurement counts up to its last reading.
    """

    def __init__(self, roots: dict[str, int]) -> None:
        self._roots = roots
        self._seen: dict[str, dict[int, float]] = {name: {} for name in roots}
        self._begin = self._read()

    def spent(self) -> dict[str, float]:
        """Return the seconds of each tree since the start."""
        return {name: total - self._begin[name] for name, total in self._read().items()}

    def _read(self) -> dict[str, float]:
        for name, pid in self._roots.items():
            with suppress(psutil.NoSuchProcess):
                root = psutil.Process(pid)
                for process in (root, *root.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        self._seen[name][process.pid] = sum(process.cpu_times()[:2])
        return {name: sum(seen.values()) for name, seen in self._seen.items()}


def postmaster(home: Path) -> int:
    """Return the process id of the embedded server of ``home``."""
    return int((home / "postgres" / "postmaster.pid").read_text().split()[0])


def _cpu() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor()
