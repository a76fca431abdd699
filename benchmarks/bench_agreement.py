"""Agreement of five annotators on 100,000 steps: from ready columns, and from database to page.

``python -m benchmarks.bench_agreement [--steps 100000]`` prints two JSON objects. The first is of the
pure part: seconds of each statistic from ready columns, without and with 1,000 resamplings, those of
the consensus methods, and peak memory. The second is end to end, in an empty embedded database of a
throw-away home: seconds of the job in a process of its own, of which reading, and milliseconds of the
page from the production server, of a fresh report and of one that is behind. Ten steps make a
problem and a trace; ratings are drawn from annotators of different accuracy.
"""

from __future__ import annotations

import argparse
import http.client
import json
import resource
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.agreement_rows import filling
from benchmarks.home import free_port, fresh_home, run_child, serve
from scoring.agreement import CONSENSUS, STATISTICS, FirstErrors, Ratings, consensus, measure

if TYPE_CHECKING:
    from scoring.agreement.base import StatisticRow

ACCURACIES = np.array([0.95, 0.9, 0.85, 0.8, 0.7])
STEPS_PER_PROBLEM = 10
REPLICATES = 1000
LOADS = 30
FILLED = ("annotator_step", "annotator_steplabel", "annotator_judgementevent", "annotator_trace")


def columns(steps: int) -> dict[str, np.ndarray]:
    """Draw what everybody said of every step, as a query would bring it."""
    rng = np.random.default_rng(0)
    raters = len(ACCURACIES)
    true = rng.choice(3, steps, p=[0.2, 0.1, 0.7])
    wrong = (true[:, None] + rng.integers(1, 3, (steps, raters))) % 3
    given = np.where(rng.random((steps, raters)) < ACCURACIES, true[:, None], wrong) - 1
    unit, rater = (index.ravel() for index in np.indices(given.shape))
    return {
        "unit": unit + 1_000_000,
        "rater": rater,
        "value": given.ravel(),
        "problem": unit // STEPS_PER_PROBLEM,
    }


def first_errors(drawn: dict[str, np.ndarray]) -> FirstErrors:
    """Each problem is one trace."""
    said = drawn["value"].reshape(-1, STEPS_PER_PROBLEM, len(ACCURACIES)) == -1
    first = np.where(said.any(axis=1), said.argmax(axis=1), -1)
    trace, rater = (index.ravel() for index in np.indices(first.shape))
    positions = [None if place < 0 else place for place in first.ravel().tolist()]
    return FirstErrors.of(trace, rater, positions)


def timed(call: Any, *arguments: Any, **named: Any) -> float:
    began = time.perf_counter()
    call(*arguments, **named)
    return round(time.perf_counter() - began, 3)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--child", choices=list(CHILDREN), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        import django

        django.setup()
        print(json.dumps(CHILDREN[options.child](options.steps)))
        return
    print(json.dumps(pure(options.steps)), flush=True)
    print(json.dumps(end_to_end(options.steps)))


def pure(steps: int) -> dict[str, Any]:
    drawn = columns(steps)
    needs = {"ratings", "first_errors"}
    rows = [row for row in STATISTICS.values() if needs.issuperset(row.needs)]
    for row in (*rows, *CONSENSUS.values()):
        row.load()  # importing is not what is measured
    columns_s = timed(inputs, drawn)
    point = all_of(rows, drawn, replicates=0)
    with_interval = all_of(rows, drawn, replicates=REPLICATES)
    ratings = inputs(drawn)["ratings"]
    return {
        "steps": len(drawn["value"]) // len(ACCURACIES),
        "ratings": len(drawn["value"]),
        "columns_s": columns_s,
        "point_s": round(columns_s + sum(point.values()), 3),
        "with_interval_s": round(columns_s + sum(with_interval.values()), 3),
        "point": point,
        "with_interval": with_interval,
        "consensus": {key: timed(consensus, key, ratings) for key in CONSENSUS},
        "peak_mb": peak_mb(),
    }


def peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def end_to_end(steps: int) -> dict[str, Any]:
    with fresh_home(static=True, DATABASE_POOL="3", STATIC_MANIFEST="1") as (_, env):
        session = child(env, "fill", steps)
        job = child(env, "job", steps)
        port = free_port()
        server = serve(env, port)
        try:
            fresh = page_loads(port, session, "from all judgements there are")
            child(env, "judge", steps)
            behind = page_loads(port, session, "since then is not in it")
        finally:
            server.terminate()
            server.wait()
        return {"labels": steps * len(ACCURACIES), **job, "fresh": fresh, "behind": behind}


def child(env: dict[str, str], verb: str, steps: int) -> dict[str, Any]:
    """Run one part in a process of its own and return what it found."""
    return run_child(env, "bench_agreement", verb, "--steps", str(steps))


def page_loads(port: int, session: dict[str, str], said: str) -> dict[str, float]:
    """Load the page again and again on one connection; it must say what it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Cookie": f"{session['cookie']}={session['key']}", "Host": "127.0.0.1"}
    times = []
    for _ in range(LOADS):
        began = time.perf_counter()
        connection.request("GET", "/p/bench/agreement/", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200 or said not in text:
            raise SystemExit(f"{answer.status}: the page does not say '{said}'")
    ordered = sorted(times)
    return {
        "first_ms": round(times[0], 1),
        "p50_ms": round(ordered[LOADS // 2], 1),
        "p95_ms": round(ordered[int(LOADS * 0.95)], 1),
    }


def child_fill(steps: int) -> dict[str, Any]:
    """Write problems, steps, traces and everybody's labels; return the owner's session."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.db import connection

    from annotator.services.people.raters import rater_for_user
    from annotator.services.projects.projects import project_create

    owner = User.objects.create_user("owner")
    project = project_create(name="bench", owner=owner)
    raters = [
        rater_for_user(project=project, user=User.objects.create_user(f"person{number}")).pk
        for number in range(len(ACCURACIES))
    ]
    ratings = columns(steps)["value"].tolist()
    with connection.cursor() as cursor:
        for statement, parameters in filling(project.pk, raters, ratings, STEPS_PER_PROBLEM):
            cursor.execute(statement, parameters)
        cursor.execute(f"ANALYZE {', '.join(FILLED)}")
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(owner.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = owner.get_session_auth_hash()
    store.create()
    return {"cookie": settings.SESSION_COOKIE_NAME, "key": store.session_key}


def child_job(_: int) -> dict[str, Any]:
    """Read everything once, then make the report as the job does."""
    from annotator.models import Project
    from annotator.queries.agreement.columns import first_errors_of, labels_of, ratings_of
    from annotator.queries.agreement.scope import Scope
    from annotator.services.agreement import agreement_report_make

    project, scope = Project.objects.get(), Scope()
    for row in (*STATISTICS.values(), *CONSENSUS.values()):
        row.load()
    began = time.perf_counter()
    labels = labels_of(project=project, scope=scope)
    ratings_of(labels)
    first_errors_of(project=project, scope=scope, labels=labels)
    reading = time.perf_counter() - began
    job_s = timed(agreement_report_make, project=project, scope=scope)
    return {"reading_s": round(reading, 2), "job_s": job_s, "job_peak_mb": peak_mb()}


def child_judge(_: int) -> dict[str, Any]:
    """Change one judgement."""
    from django.contrib.auth.models import User

    from annotator.models import Step
    from annotator.services.judgements.labels import label_set

    step = Step.objects.select_related("problem__project").earliest("pk")
    label_set(step=step, user=User.objects.get(username="person0"), rating=0)
    return {}


CHILDREN = {"fill": child_fill, "job": child_job, "judge": child_judge}


def inputs(drawn: dict[str, np.ndarray]) -> dict[str, Any]:
    ratings = Ratings.of(
        drawn["unit"],
        drawn["rater"],
        drawn["value"],
        problems=drawn["problem"],
        categories=(-1, 0, 1),
    )
    return {"ratings": ratings, "first_errors": first_errors(drawn)}


def all_of(
    rows: list[StatisticRow], drawn: dict[str, np.ndarray], *, replicates: int
) -> dict[str, float]:
    """Seconds of each statistic; the first pays for what they share."""
    data = inputs(drawn)
    return {
        row.key: timed(measure, row.key, data[row.needs[0]], replicates=replicates) for row in rows
    }


if __name__ == "__main__":
    main()
