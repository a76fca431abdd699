"""Snapshot and export end to end, from rows in PostgreSQL to files with a manifest.

``python -m benchmarks.bench_export [--steps 1000000]`` fills an empty embedded database of a
throw-away home with given trees of 150 steps of about 215 characters, every step labelled, freezes
them, and exports the snapshot in each format in a process of its own. Targets: 100,000 steps/s as
JSONL, 50,000 as Parquet, 300 MB.

``steps_per_s`` counts every step of the snapshot once. Two formats write the text of a step once for
each path or candidate list it is in: ``step_texts`` and ``step_texts_per_s`` count what was written.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from pathlib import Path

import orjson
import psutil

from benchmarks.home import fresh_home, run_child

NODES = 150
TEXT_LENGTH = 215
FORMATS = ("tracewood", "trl_stepwise", "prm800k", "parquet")
# Step texts in a line; Parquet has one per row of its table of steps, as many as there are steps.
STEP_TEXTS = {
    "tracewood": lambda line: len(line["steps"]["text"]),
    "trl_stepwise": lambda line: len(line["completions"]),
    "prm800k": lambda line: (
        len(line["question"]["pre_generated_steps"])
        + sum(len(step["completions"]) for step in line["label"]["steps"])
    ),
}


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
    from annotator.services.projects.projects import project_get_or_create

    project = project_get_or_create(name="bench")
    file = SourceFile.objects.create(project=project, format="tracewood", name="bench")
    items = (record(number) for number in range(steps // NODES))
    report = import_records(project=project, format="tracewood", items=items, file=file)
    return {"steps": report.counts.steps, "labels": report.counts.labels}


def child_snapshot() -> dict:
    from annotator.models import Project
    from annotator.services.datasets.snapshots import snapshot_create

    started = begun()
    snapshot = snapshot_create(
        project=Project.objects.get(), name="bench", rules={"neutral": "positive"}
    )
    return measured(started, snapshot.counts["steps"]) | {"hash": snapshot.hash[:12]}


def child_export(format_key: str, out: str) -> dict:
    from annotator.models import Project, Snapshot
    from annotator.services.datasets.exports import export_create

    snapshot = Snapshot.objects.get()
    started = begun()
    export = export_create(
        project=Project.objects.get(), snapshot=snapshot, format=format_key, out_dir=out
    )
    found = measured(started, snapshot.counts["steps"])
    size = sum(file["size"] for file in export.files)
    texts = step_texts(format_key, Path(out)) or snapshot.counts["steps"]
    return found | {
        "step_texts": texts,
        "step_texts_per_s": round(texts / found["wall_s"]),
        "rows": export.rows,
        "megabytes": round(size / 2**20),
    }


def step_texts(format_key: str, out: Path) -> int:
    """Return how many step texts the lines of an export hold, 0 for a format without lines."""
    count = STEP_TEXTS.get(format_key)
    if count is None:
        return 0
    total = 0
    for path in out.glob("*.jsonl"):
        with path.open("rb") as lines:
            total += sum(count(orjson.loads(line)) for line in lines)
    return total


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


def measure(steps: int, formats: list[str]) -> dict:
    with fresh_home() as (folder, env):
        found = {
            "filled": run_child(env, "bench_export", "fill", str(steps)),
            "snapshot": run_child(env, "bench_export", "snapshot"),
        }
        for key in formats:
            found[key] = run_child(env, "bench_export", "export", key, str(folder / key))
        return found


def child(arguments: list[str]) -> dict:
    import django

    django.setup()
    verb, *rest = arguments
    if verb == "fill":
        return child_fill(int(rest[0]))
    if verb == "snapshot":
        return child_snapshot()
    return child_export(*rest)


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
