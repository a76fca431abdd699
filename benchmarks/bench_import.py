"""Import end to end: parse, validate, merge, COPY, with every index and key in place.

``python -m benchmarks.bench_import [--megabytes 500]`` writes best-of-32 traces like the sample's as a
``tracewood`` file, imports it into an empty embedded database of a throw-away home, and then adds
single problems of 32 traces to what is there. Targets: 60,000 steps/s, 200 MB, p95 20 ms.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from itertools import islice
from pathlib import Path

import orjson
import psutil

from benchmarks.home import fresh_home, run_child

TRACES = 32
DISTINCT = 300
ADDED_PROBLEMS = 100


def records(seed: int = 1):
    """Yield best-of-32 problems without end: the sample's, told apart by a number in the prompt."""
    from scoring.samples import arithmetic_stream

    base = list(islice(arithmetic_stream(seed, traces=TRACES), DISTINCT))
    count = 0
    while True:
        for record in base:
            yield flat(record, count)
            count += 1


def flat(record, number: int) -> dict:
    """Return a record as a tracewood line in which every trace stands alone, to be merged."""
    texts, parents, kinds, traces = [], [], [], []
    for trace in record.traces:
        path, node = [], trace.end
        while node >= 0:
            path.append(record.nodes[node])
            node = record.nodes[node].parent
        for depth, step in enumerate(reversed(path)):
            parents.append(len(texts) - 1 if depth else -1)
            texts.append(step.text)
            kinds.append(step.kind)
        outcomes = [{"name": o.name, "value": o.value, "source": o.source} for o in trace.outcomes]
        traces.append({"end": len(texts) - 1, "model": trace.model, "outcomes": outcomes})
    return {
        "tracewood": 1,
        "key": f"bench-{number}",
        "problem": {"prompt": f"{record.problem.prompt} (No. {number})", "reference": "42"},
        "merge": True,
        "steps": {"text": texts, "parent": parents, "kind": kinds},
        "traces": traces,
    }


def write_file(path: Path, megabytes: int) -> None:
    with path.open("wb") as out:
        size = 0
        for record in records():
            size += out.write(orjson.dumps(record) + b"\n")
            if size >= megabytes * 2**20:
                return


def child_import(path: str) -> dict:
    from django.db import connection

    from annotator.services.imports import import_file
    from annotator.services.projects.projects import project_get_or_create

    project = project_get_or_create(name="bench")
    backend = psutil.Process(connection.connection.info.backend_pid)
    wall, cpu = time.perf_counter(), time.process_time()
    report = import_file(project=project, path=Path(path), format="tracewood")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "steps_read": report.steps_read,
        "steps_stored": report.counts.steps,
        "records": report.accepted,
        "wall_s": round(wall, 2),
        "client_cpu_s": round(cpu, 2),
        "server_cpu_s": round(sum(backend.cpu_times()[:2]), 2),
        "steps_per_s": round(report.steps_read / wall),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def child_add(path: str) -> dict:
    """Add problems of 32 traces one by one, each its own import of a one-line file."""
    from annotator.models import SourceFile
    from annotator.services.imports import import_records
    from annotator.services.imports.files import importer
    from annotator.services.projects.projects import project_get_or_create

    project = project_get_or_create(name="bench")
    file = SourceFile.objects.create(project=project, format="tracewood", name="added")
    times = []
    with Path(path).open("rb") as stream:
        for item in importer("tracewood").read(stream):
            start = time.perf_counter()
            import_records(project=project, format="tracewood", items=[item], file=file)
            times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return {
        "added": len(times),
        "p50_ms": round(times[len(times) // 2], 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
    }


def measure(megabytes: int) -> None:
    with fresh_home() as (folder, env):
        path, one = folder / "bench.jsonl", folder / "one.jsonl"
        write_file(path, megabytes)
        with one.open("wb") as out:
            for i, record in enumerate(islice(records(2), ADDED_PROBLEMS)):
                record["key"], record["problem"]["reference"] = f"added-{i}", "added"
                out.write(orjson.dumps(record) + b"\n")
        told = run_child(env, "bench_import", "import", str(path))
        print(json.dumps({"megabytes": megabytes} | told))
        print(json.dumps(run_child(env, "bench_import", "add", str(one))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--child", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is None:
        measure(args.megabytes)
        return
    import django

    django.setup()
    what, path = args.child
    print(json.dumps({"import": child_import, "add": child_add}[what](path)))


if __name__ == "__main__":
    main()
