"""The web process under load: its memory, and how fast a label is saved through the real page.

``python -m benchmarks.bench_web [--seconds 15]`` fills a throw-away home, starts the web server as
``make up`` does, and sends what the workbench sends when a step is rated: session, CSRF token,
idempotency key. Clients are processes of their own with kept-alive connections to 127.0.0.1.
Targets: 150 MB without torch; p95 12 ms for one client; 350/s for eight; p95 25 ms for 50
annotators who think for 1 to 3 s, also while an import runs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import numpy as np
import psutil

from benchmarks.home import fresh_home
from benchmarks.machine import Processor, postmaster

HOST = "127.0.0.1"
PROJECT = "Bench"
ANNOTATORS = 50
STEPS_EACH = 200
CLIENT_PROCESSES = 2
CSRF = "a" * 32
READY_WITHIN_S = 60
IMPORT_MEGABYTES = 160


# The database's side, in a process with Django


def fill() -> dict:
    """Import sample problems, make annotators with sessions, and say what they may label."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    from annotator.models import Membership, Step
    from annotator.services.projects.projects import project_create
    from annotator.services.projects.samples import sample_project_fill

    project = project_create(name=PROJECT)
    sample_project_fill(project=project)
    steps = list(Step.objects.filter(problem__project=project).values_list("problem_id", "pk"))
    random.Random(0).shuffle(steps)
    people = []
    for i in range(ANNOTATORS):
        person = User.objects.create_user(username=f"annotator{i}")
        Membership.objects.create(project=project, user=person, role="annotator")
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.create()
        people.append({"session": session.session_key, "steps": steps[i::ANNOTATORS][:STEPS_EACH]})
    return {
        "people": people,
        "cookies": [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME],
        "port": settings.TRACEWOOD_PORT,
    }


# The clients' side, without Django


def client(person: dict, world: dict, seconds: float, think: float, seed: int) -> list[float]:
    """Rate steps one after another; return the milliseconds from send to last byte of each."""
    rng = random.Random(seed)
    session, csrf = world["cookies"]
    headers = {
        "Cookie": f"{session}={person['session']}; {csrf}={CSRF}",
        "X-CSRFToken": CSRF,
        "HX-Request": "true",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection(HOST, world["port"], timeout=30)
    took, end = [], time.monotonic() + seconds
    if think:
        time.sleep(rng.uniform(0, 2 * think))
    while time.monotonic() < end:
        problem, step = rng.choice(person["steps"])
        body = f"rating={rng.choice((-1, 0, 1))}&key={uuid.UUID(int=rng.getrandbits(128))}"
        path = f"/p/{quote(PROJECT)}/problems/{problem}/steps/{step}/label/"
        begun = time.perf_counter()
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            sys.exit(f"saving a label was answered with {answer.status}")
        if think:
            time.sleep(rng.uniform(0.5 * think, 1.5 * think))
    connection.close()
    return took


def client_process(world: dict, people: list[int], seconds: float, think: float) -> list[float]:
    """Run some clients as threads: they wait for the server nearly all the time."""
    took: list[float] = []
    seed = uuid.uuid4().int

    def run(at: int) -> None:
        took.extend(client(world["people"][at], world, seconds, think, seed + at))

    threads = [threading.Thread(target=run, args=(at,)) for at in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def measure(
    path: Path, roots: dict[str, int], clients: int, seconds: float, think: float = 0.0
) -> dict:
    """Let ``clients`` save labels for a while; return rate and percentiles in milliseconds."""
    groups = [list(range(clients))[i::CLIENT_PROCESSES] for i in range(CLIENT_PROCESSES)]
    busy = Processor(roots)
    begun = time.monotonic()
    children = [
        subprocess.Popen(
            [*_self(), "--client", str(path), json.dumps([group, seconds, think])],
            stdout=subprocess.PIPE,
        )
        for group in groups
        if group
    ]
    took = [number for child in children for number in json.loads(child.communicate()[0])]
    wall = min(time.monotonic() - begun, seconds)
    p50, p95, p99 = np.percentile(took, [50, 95, 99]).round(2).tolist()
    return {
        "clients": clients,
        "saves": len(took),
        "per_s": round(len(took) / wall, 1),
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "cpu_ms_each": {
            name: round(spent / len(took) * 1000, 2) for name, spent in busy.spent().items()
        },
        "load": round(os.getloadavg()[0], 2),
    }


# The server's side


@contextmanager
def server(env: dict[str, str], port: int, log: Path):
    """Run the web server as ``make up`` does; yield its process."""
    code = (
        "import django; django.setup(); from pathlib import Path; from django.conf import settings;"
        "from webapp.management.commands.up import processes; import json;"
        "web = processes(settings.TRACEWOOD_HOME)[0]; print(json.dumps([web.command, web.extra]))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
    )
    command, extra = json.loads(told.stdout.splitlines()[-1])
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env | extra, stdout=out, stderr=out)
        try:
            _wait_until_ready(port, process)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


def memory(process: psutil.Process) -> dict:
    """Return the largest resident set of the processes that answer requests, and torch's absence."""
    workers = process.children(recursive=True) or [process]
    maps = [entry.path for worker in workers for entry in worker.memory_maps()]
    return {
        "web_process_mb": round(max(worker.memory_info().rss for worker in workers) / 2**20, 1),
        "torch_loaded": any("torch" in path for path in maps),
    }


def _wait_until_ready(port: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        try:
            connection = http.client.HTTPConnection(HOST, port, timeout=5)
            connection.request("GET", "/sign-in/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    sys.exit("the web server did not start; see its log")


def _self() -> list[str]:
    return [sys.executable, "-m", "benchmarks.bench_web"]


def run(seconds: float) -> None:
    with fresh_home(static=True, STATIC_MANIFEST="1") as (folder, env):
        _run(folder, env, seconds)


def _run(folder: Path, env: dict[str, str], seconds: float) -> None:
    told = subprocess.run([*_self(), "--fill"], env=env, check=True, capture_output=True, text=True)
    path = folder / "world.json"
    path.write_text(told.stdout.splitlines()[-1])
    world = json.loads(path.read_text())
    with server(env, world["port"], folder / "web.log") as web:
        roots = {"web": web.pid, "database": postmaster(folder / "home")}
        measure(path, roots, 2, 2)  # connections, plans and caches are warm afterwards
        print(json.dumps({"case": "one client"} | measure(path, roots, 1, seconds)))
        print(json.dumps({"case": "eight clients"} | measure(path, roots, 8, seconds)))
        print(
            json.dumps(
                {"case": "50 annotators"} | measure(path, roots, ANNOTATORS, seconds, think=2.0)
            )
        )
        with importing(folder, env):
            case = {"case": "50 annotators, import running"}
            print(json.dumps(case | measure(path, roots, ANNOTATORS, seconds, think=2.0)))
        print(json.dumps({"case": "memory"} | memory(web)))


@contextmanager
def importing(folder: Path, env: dict[str, str]):
    """Import a large file into another project meanwhile."""
    from benchmarks.bench_import import write_file

    path = folder / "traces.jsonl"
    write_file(path, IMPORT_MEGABYTES)
    child = subprocess.Popen(
        [sys.executable, "manage.py", "import_traces", str(path), "--project", "Import"],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(2)
        yield
        if child.poll() is not None:
            print("note: the import ended before the measurement did", file=sys.stderr)
    finally:
        child.terminate()
        child.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each case")
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=2, metavar=("WORLD", "PLAN"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fill:
        import django

        django.setup()
        print(json.dumps(fill()))
    elif args.client:
        people, seconds, think = json.loads(args.client[1])
        world = json.loads(Path(args.client[0]).read_text())
        print(json.dumps(client_process(world, people, seconds, think)))
    else:
        run(args.seconds)


if __name__ == "__main__":
    main()
