"""A queue under fire: clients that die, killed web processes, workers and database connections.

``python -m benchmarks.stress_queue [--clients 64] [--items 300] [--lease 15] [--kill-every 2]``
starts two web processes and an io worker on an empty embedded database of a throw-away home. Each
client is a process with a person's API token: it asks for items, rates steps, submits, repeats what
was not answered under the same key, and sometimes kills itself with an item in its hands. Meanwhile
somebody kills (SIGKILL) a random web process or the worker, or terminates a random connection of the
database. When every item has its answers, the log of events is asked: is every acknowledged label
there, has no item more answers than wanted, was none starved, did the leases of the dead come back.
Prints one JSON object; the exit status is 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from benchmarks.home import fresh_home, run_child
from benchmarks.stress.client import Api, client
from benchmarks.stress.filling import fill
from benchmarks.stress.proof import prove
from benchmarks.stress.site import Site, fire, wait_for

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from pathlib import Path

OVERLAP = 3
BUILDS = 3
WISH = {"project": "stress", "task": "first_error", "overlap": OVERLAP, "lease_seconds": 30}


class Work:
    """What must come to its end under fire: the queue, and queues that are built meanwhile."""

    def __init__(self, owner: Api, queue: int) -> None:
        self._owner, self._queue = owner, queue
        self._began = time.monotonic()
        self._builds: list[int] = []

    def answered(self) -> bool:
        """Say whether every item has its answers; build another queue every second."""
        if len(self._builds) < BUILDS and time.monotonic() - self._began > 1 + len(self._builds):
            wish = {**WISH, "name": f"more {len(self._builds)}", "order": "random"}
            self._builds.append(self._owner.ask("POST", "queues/", wish)[1]["job"]["id"])
        progress = self._owner.ask("GET", f"queues/{self._queue}/")[1]["progress"]
        return len(self._builds) == BUILDS and progress["done"] == progress["wanted"]

    def built(self) -> bool:
        """Say whether the other queues are filled."""
        jobs = (self._owner.ask("GET", f"jobs/{job}/")[1] for job in self._builds)
        return all(job["state"] == "done" for job in jobs)


def queue_opened(owner: Api, dsn: dict[str, Any], lease: int) -> int:
    """Make a queue over everything, with leases shorter than people may ask for; return its id."""
    import psycopg

    status, made = owner.ask("POST", "queues/", {**WISH, "name": "main"})
    assert status == 202, made
    queue = int(made["queue"]["id"])
    wait_for(lambda: owner.ask("GET", f"queues/{queue}/")[1]["items"], 60, "the queue to be filled")
    with psycopg.connect(**dsn, autocommit=True) as connection:
        connection.execute("UPDATE annotator_queue SET lease_seconds = %s", (lease,))
    return queue


def stress(options: argparse.Namespace, env: dict[str, str], folder: Path) -> dict[str, Any]:
    """Let the clients work under fire until everything is answered; return what was kept."""
    sizes = ("--clients", str(options.clients), "--items", str(options.items))
    data = run_child(env, "stress_queue", *sizes)
    context = multiprocessing.get_context("fork")
    stop, hits = context.Event(), {}
    site = Site(env, folder)
    try:
        data["ports"] = site.ports
        owner = Api(site.ports, data["owner"], 0, stop)
        data["queue"] = queue_opened(owner, data["dsn"], options.lease)
        logs = [folder / f"client-{number}.log" for number in range(options.clients)]
        clients = [
            # The last three may not die: every item needs three people.
            context.Process(
                target=client, args=(number, data, log, number < options.clients - OVERLAP, stop)
            )
            for number, log in enumerate(logs)
        ]
        began = time.monotonic()
        for process in clients:
            process.start()
        gun = threading.Thread(
            target=fire, args=(site, data["dsn"], options.kill_every, stop, hits)
        )
        gun.start()
        work = Work(owner, data["queue"])
        wait_for(
            lambda: any(map(broken, clients)) or work.answered(),
            options.seconds,
            "every item answered",
        )
        took = time.monotonic() - began
        wait_for(work.built, 60, "every queue filled")
        stop.set()
        gun.join()
        for process in clients:
            process.join(20)
    finally:
        stop.set()
        site.close()
    lines = (line for log in logs if log.exists() for line in log.read_text().splitlines())
    found = prove(data["dsn"], data["queue"], OVERLAP, [json.loads(line) for line in lines])
    found["broken"]["clients_failed"] = sum(map(failed, clients))
    return {
        "clients": options.clients,
        "items": options.items,
        "overlap": OVERLAP,
        "lease_s": options.lease,
        "seconds": round(took, 1),
        "killed": hits,
        **found,
    }


def failed(process: BaseProcess) -> bool:
    """Say whether a client ended otherwise than well or by its own hand."""
    return process.exitcode not in {0, -signal.SIGKILL}


def broken(process: BaseProcess) -> bool:
    """Say whether a client has failed already."""
    return process.exitcode is not None and failed(process)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--lease", type=int, default=15, help="seconds")
    parser.add_argument("--kill-every", type=float, default=2.0, help="seconds")
    parser.add_argument("--seconds", type=float, default=300, help="give up after")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        import django

        django.setup()
        print(json.dumps(fill(options.clients, options.items)))
        return
    with fresh_home(JOB_STALE_S="3", REAP_EVERY_S="1") as (folder, env):
        result = stress(options, env, folder)
    print(json.dumps(result))
    sys.exit(any(result["broken"].values()))


if __name__ == "__main__":
    main()
