"""Snapshot and export end to end, from rows in PostgreSQL to files with a manifest.

``python -m benchmarks.bench_export [--steps 1000000]`` fills an empty embedded database of a
throw-away home with given trees of 150 steps of about 215 characters, every step labelled, freezes
them, and exports the snapshot in each format in a process of its own. Targets: 100,000 steps/s as
JSONL, 50,000 as Parquet, 300 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

NODES = 150
TEXT_LENGTH = 215
FORMATS = ("tracewood", "trl_stepwise", "prm800k", "parquet")


def record(number: int):
    """Return a given tree in which every step is labelled and every leaf ends a trace."""
    from scoring.types import (
        LabelRecord,
        NodeRecord,
        OutcomeRecord,
        ProblemRecord,
        RaterRecord,
        TraceRecord,
        TreeRecord,
    )

    rng = random.Random(number)
    stem = "Natalia sold half as many clips in May as in April, so we add the two months. " * 3
    parents = [-1] + [rng.randrange(max(0, i - 12), i) for i in range(1, NODES)]
    inner = set(parents)
    rater = RaterRecord("imported", f"labeler-{number % 20}")
    return TreeRecord(
        key=f"bench-{number}",
        problem=ProblemRecord(f"How many clips did Natalia sell? (No. {number})", "72"),
        nodes=[
            NodeRecord(f"Step {i} of {number}: {stem}"[:TEXT_LENGTH], parent)
            for i, parent in enumerate(parents)
        ],
        traces=[
            TraceRecord(i, f"{number}-{i}", outcomes=[OutcomeRecord("correct", float(i % 2))])
            for i in range(NODES)
            if i not in inner
        ],
        labels=[LabelRecord(i, rater, rng.choice((-1, 0, 1))) for i in range(NODES)],
        merge=False,
        record=number,
    )


def child_fill(steps: int) -> dict:
    from annotator.models import SourceFile
    from annotator.services.imports.records import import_records
    from annotator.services.projects import project_get_or_create

    project = project_get_or_create(name="bench")
    file = SourceFile.objects.create(project=project, format="tracewood", name="bench")
    items = (record(number) for number in range(steps // NODES))
    report = import_records(project=project, format="tracewood", items=items, file=file)
    return {"steps": report.counts.steps, "labels": report.counts.labels}


def child_snapshot() -> dict:
    from annotator.models import Project
    from annotator.services.snapshots import snapshot_create

    started = begun()
    snapshot = snapshot_create(
        project=Project.objects.get(), name="bench", rules={"neutral": "positive"}
    )
    return measured(started, snapshot.counts["steps"]) | {"hash": snapshot.hash[:12]}


def child_export(format_key: str, out: str) -> dict:
    from annotator.models import Project, Snapshot
    from annotator.services.exports import export_create

    snapshot = Snapshot.objects.get()
    started = begun()
    export = export_create(
        project=Project.objects.get(), snapshot=snapshot, format=format_key, out_dir=out
    )
    size = sum(file["size"] for file in export.files)
    return measured(started, snapshot.counts["steps"]) | {
        "rows": export.rows,
        "megabytes": round(size / 2**20),
    }


def begun() -> tuple[float, float, float]:
    """Return the clock and the processor times of this process and of its database session."""
    from django.db import connection

    connection.ensure_connection()
    session = psutil.Process(connection.connection.info.backend_pid)
    return time.perf_counter(), time.process_time(), sum(session.cpu_times()[:2])


def measured(started: tuple[float, float, float], steps: int) -> dict:
    seconds, client, session = (now - then for now, then in zip(begun(), started, strict=True))
    return {
        "wall_s": round(seconds, 2),
        "client_cpu_s": round(client, 2),
        "server_cpu_s": round(session, 2),
        "steps_per_s": round(steps / seconds),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def run_child(home: Path, *arguments: str) -> dict:
    env = os.environ | {"TRACEWOOD_HOME": str(home), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = [sys.executable, "-m", "benchmarks.bench_export", "--child", *arguments]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def measure(steps: int, formats: list[str]) -> dict:
    with tempfile.TemporaryDirectory(prefix="tracewood-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        env = os.environ | {"TRACEWOOD_HOME": str(home)}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], env=env, check=True)
        try:
            found = {
                "filled": run_child(home, "fill", str(steps)),
                "snapshot": run_child(home, "snapshot"),
            }
            for key in formats:
                found[key] = run_child(home, "export", key, str(Path(folder) / key))
            return found
        finally:
            subprocess.run(
                [sys.executable, "-m", "benchmarks.bench_export", "--child", "stop"],
                env=env,
                check=True,
            )


def child(arguments: list[str]) -> dict:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    django.setup()
    verb, *rest = arguments
    if verb == "fill":
        return child_fill(int(rest[0]))
    if verb == "snapshot":
        return child_snapshot()
    if verb == "export":
        return child_export(*rest)
    from django.conf import settings

    from webapp import postgres

    postgres.stop(settings.TRACEWOOD_HOME)
    return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="*", default=list(FORMATS))
    parser.add_argument("--child", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return
    print(json.dumps(measure(options.steps, options.formats)))


if __name__ == "__main__":
    main()
