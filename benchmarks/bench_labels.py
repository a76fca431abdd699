"""Saving a label over HTTP: session, CSRF, gate, one statement, answer.

``python -m benchmarks.bench_labels [--seconds 8]`` starts the production server (2 workers) on an
empty embedded database of a throw-away home and puts labels to ``/api/v1/steps/ID/labels/`` over
kept-alive connections: 1 client, 8 clients without think time, 50 annotators who think 0–1 s.
Targets: p95 12 ms alone, 350/s with 8, p95 25 ms with 50. Clients share the machine's cores.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import socket
import threading
import time
import uuid

from benchmarks.home import free_port, fresh_home, run_child, serve
from benchmarks.machine import Processor, postmaster

PROBLEMS = 40
SCENES = ((1, 0.0), (8, 0.0), (50, 1.0))


def child_fill(users: int) -> dict:
    """Make a project with members and return a session and CSRF cookie for each, and step ids."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User

    from annotator.models import Membership, SourceFile, Step
    from annotator.services.imports.records import import_records
    from annotator.services.projects.projects import project_create
    from benchmarks.bench_export import record

    project = project_create(name="bench")
    file = SourceFile.objects.create(project=project, format="tracewood", name="bench")
    items = map(record, range(PROBLEMS))
    import_records(project=project, format="tracewood", items=items, file=file)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = []
    for number in range(users):
        user = User.objects.create_user(f"person{number}")
        Membership.objects.create(project=project, user=user, role="annotator")
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        sessions.append(session.session_key)
    return {
        "steps": list(Step.objects.values_list("pk", flat=True)),
        "sessions": sessions,
        "session_cookie": settings.SESSION_COOKIE_NAME,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
    }


def client(port: int, data: dict, number: int, think: float, until: float, times: list) -> None:
    rng = random.Random(number)
    token = "x" * 32
    cookie = f"{data['session_cookie']}={data['sessions'][number]}; {data['csrf_cookie']}={token}"
    headers = {
        "Cookie": cookie,
        "X-CSRFToken": token,
        "Content-Type": "application/json",
        "Host": "127.0.0.1",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    time.sleep(rng.random() * think)
    while time.perf_counter() < until:
        body = {"rating": rng.choice((-1, 0, 1))}
        headers["Idempotency-Key"] = str(uuid.uuid4())
        path = f"/api/v1/steps/{rng.choice(data['steps'])}/labels/"
        started = time.perf_counter()
        connection.request("PUT", path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        times.append((time.perf_counter() - started) * 1000)
        if answer.status >= 300:
            raise SystemExit(f"{answer.status}: {text[:300]!r}")
        time.sleep(rng.random() * think)


def scene(
    port: int, data: dict, roots: dict[str, int], clients: int, think: float, seconds: float
) -> dict:
    busy = Processor(roots)
    times: list[float] = []
    until = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=client, args=(port, data, n, think, until, times))
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    return {
        "clients": clients,
        "think_s": think,
        "per_s": round(len(times) / seconds),
        "p50_ms": round(times[len(times) // 2], 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
        "max_ms": round(times[-1], 1),
        "cpu_ms_each": {
            name: round(spent / len(times) * 1000, 2) for name, spent in busy.spent().items()
        },
        "load": round(os.getloadavg()[0], 2),
    }


def measure(seconds: float) -> list[dict]:
    with fresh_home(static=True, DATABASE_POOL="3", STATIC_MANIFEST="1") as (folder, env):
        users = max(clients for clients, _ in SCENES)
        data = run_child(env, "bench_labels", str(users))
        port = free_port()
        server = serve(env, port)
        try:
            roots = {"web": server.pid, "database": postmaster(folder / "home")}
            scene(port, data, roots, 2, 0.0, 1.0)  # warm
            return [scene(port, data, roots, *each, seconds) for each in SCENES]
        finally:
            server.terminate()
            server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        import django

        django.setup()
        print(json.dumps(child_fill(options.child)))
        return
    for row in measure(options.seconds):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
