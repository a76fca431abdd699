"""Serving the next item of a queue of a million, overlap 3, from SQL: one round trip.

``python -m benchmarks.bench_queue [--items 1000000] [--seconds 8]`` fills an embedded database of a
throw-away home and lets 8 client processes ask without think time; every answer is submitted at
once, one in twenty is skipped. Scenes: everybody at the start; one person 100,000 items ahead of the
rest; 90 % closed at the front, never vacuumed; one person with nothing left while others give items
back. Only ``annotator_queue_next`` is timed. Target: p95 20 ms in every scene, for everybody.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.home import fresh_home
from benchmarks.machine import Processor, postmaster

OVERLAP = 3
CLIENTS = 8
SKIPPED = 0.05
SEED = """
INSERT INTO annotator_queueitem
    (queue_id, problem_id, trace_id, position, need, open, model_version)
SELECT {queue}, {problem}, {trace}, n, {overlap}, TRUE, ''
FROM generate_series(1, {items}) n
"""
# What a person far ahead has behind them.
DONE = """
INSERT INTO annotator_assignment
    (item_id, user_id, state, fence, lease_until, finished, reason, scores_shown)
SELECT id, {user}, 'submitted', 1, now(), now(), '', FALSE FROM annotator_queueitem
WHERE queue_id = {queue} ORDER BY position LIMIT {n};
UPDATE annotator_queueitem SET need = need - 1
WHERE queue_id = {queue} AND position <= {n};
INSERT INTO annotator_queuecursor
    (queue_id, user_id, position, last_id, served, freed, submitted, gold, skipped)
SELECT {queue}, {user}, position, id, {n}, 0, {n}, 0, 0 FROM annotator_queueitem
WHERE queue_id = {queue} AND position = {n};
"""
CLOSED = """
UPDATE annotator_queueitem SET need = 0, open = FALSE
WHERE queue_id = {queue} AND position <= {n};
"""
MORE_THAN_WANTED = """
SELECT count(*) FROM (
    SELECT i.id FROM annotator_queueitem i LEFT JOIN annotator_assignment a
        ON a.item_id = i.id AND a.state IN ('leased', 'submitted')
    WHERE i.queue_id = ANY(%s) GROUP BY i.id
    HAVING count(a.id) > %s OR count(a.id) + min(i.need) <> %s
) wrong
"""


def client(dsn: dict, queue: int, user: int, until: float, seed: int, results: object) -> None:
    """Ask and answer until the time is over; put the milliseconds of each ``next`` into results."""
    import psycopg

    rng = random.Random(seed)
    times, nothing = [], 0
    with psycopg.connect(**dsn, autocommit=True) as connection:
        while time.monotonic() < until:
            started = time.perf_counter()
            found = connection.execute(
                "SELECT * FROM annotator_queue_next(%s, %s)", (queue, user), prepare=True
            ).fetchone()
            times.append((time.perf_counter() - started) * 1000)
            if found[0] != "item":
                nothing += 1
                continue
            skip = rng.random() < SKIPPED
            with connection.transaction():
                item = connection.execute(
                    "UPDATE annotator_assignment SET state = %s, finished = now() WHERE id = %s"
                    " RETURNING item_id",
                    ("skipped" if skip else "submitted", found[1]),
                    prepare=True,
                ).fetchone()
                if skip:
                    connection.execute("SELECT annotator_items_offer(%s, TRUE)", ([item[0]],))
    results.put((user, times, nothing))


def scene(name: str, dsn: dict, queue: int, users: list[int], seconds: float, home: Path) -> dict:
    """Let the users work at once; the first is the one the scene is about."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    busy = Processor({"database": postmaster(home)})
    until = time.monotonic() + seconds
    workers = [
        context.Process(target=client, args=(dsn, queue, user, until, user, results))
        for user in users
    ]
    for worker in workers:
        worker.start()
    while time.monotonic() < until:
        time.sleep(0.1)
        busy.spent()  # backends end with their clients and count up to the last reading
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    rest = sorted(time for user, times, _ in found if user != users[0] for time in times)
    own = sorted(next(times for user, times, _ in found if user == users[0]))
    n = len(rest) + len(own)
    return {
        "scene": name,
        "clients": len(users),
        "per_s": round(n / seconds),
        "p95_ms": percentile(rest, 0.95),
        "p50_ms": percentile(rest, 0.5),
        "max_ms": percentile(rest, 1.0),
        "this_person": {
            "asked": len(own),
            "nothing": next(nothing for user, _, nothing in found if user == users[0]),
            "p95_ms": percentile(own, 0.95),
            "max_ms": percentile(own, 1.0),
        },
        "database_cpu_ms_each": round(busy.spent()["database"] / n * 1000, 2),
        "load": round(os.getloadavg()[0], 2),
    }


def percentile(times: list[float], share: float) -> float | None:
    return round(times[min(len(times) - 1, int(len(times) * share))], 2) if times else None


def child_measure(items: int, seconds: float, home: Path) -> None:
    from django.contrib.auth.models import User
    from django.db import connection

    from annotator.models import Membership, Problem, Queue, Step, Trace
    from annotator.services.projects.projects import project_create

    project = project_create(name="bench")
    problem = Problem.objects.create(project=project, key=b"0" * 16, prompt="1 + 1")
    step = Step.objects.create(
        problem=problem, preorder=1, subtree_end=2, depth=1, text="2", text_hash=b"0" * 16
    )
    trace = Trace.objects.create(problem=problem, end=step, ordinal=0)
    people = [User.objects.create_user(f"person{n}").pk for n in range(CLIENTS + 1)]
    for user in people:
        Membership.objects.create(project=project, user_id=user, role="annotator")

    def queue_of(name: str, n: int) -> int:
        queue = Queue.objects.create(
            project=project, name=name, task="first_error", overlap=OVERLAP, n_items=n
        )
        values = {"queue": queue.pk, "problem": problem.pk, "trace": trace.pk}
        run(SEED.format(**values, overlap=OVERLAP, items=n))
        run("ANALYZE annotator_queueitem")
        return queue.pk

    def run(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    ahead = min(100_000, items // 5)
    main, own = queue_of("main", items), queue_of("own", ahead)
    far, group = people[0], people[1:]
    settings = connection.get_connection_params()
    dsn = {key: settings[key] for key in ("host", "port", "user", "dbname") if key in settings}
    for queue in (main, own):
        run(DONE.format(queue=queue, user=far, n=ahead))
    run("ANALYZE annotator_assignment")
    connection.close()

    def show(name: str, queue: int, users: list[int]) -> None:
        print(json.dumps(scene(name, dsn, queue, users, seconds, home)), flush=True)

    show("everybody at the start", main, group)
    show(f"one person {ahead:,} items ahead", main, [far, *group[1:]])
    show(f"one person with {ahead:,} own items and nothing left", own, [far, *group[1:]])
    with connection.cursor() as cursor:
        cursor.execute(MORE_THAN_WANTED, [[main, own], OVERLAP, OVERLAP])
        wrong = cursor.fetchone()[0]
    run(CLOSED.format(queue=main, n=items * 9 // 10))
    connection.close()
    show("90 % closed at the front", main, group)
    print(json.dumps({"items": items, "overlap": OVERLAP, "items_with_wrong_places": wrong}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        import django

        django.setup()
        child_measure(options.items, options.seconds, Path(options.child))
        return
    with fresh_home() as (folder, env):
        child = [sys.executable, "-m", "benchmarks.bench_queue", "--child", str(folder / "home")]
        sizes = ["--items", str(options.items), "--seconds", str(options.seconds)]
        subprocess.run([*child, *sizes], env=env, check=True)


if __name__ == "__main__":
    main()
