"""Every benchmark, one JSON line each: figures, targets, met or not, machine, load, date, command.

``python -m benchmarks [--quick] [NAME …]``. Names are those of the files without ``bench_``; none =
all. ``--quick`` runs small sizes to see that everything works: its figures are not for quoting. The
exit status is 1 when a benchmark could not be run, whatever its figures.
"""

from __future__ import annotations

import argparse
import json
import operator
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from benchmarks.machine import hardware, now

AT_MOST, AT_LEAST = operator.le, operator.ge
SIGNS = {AT_MOST: "<=", AT_LEAST: ">="}
Target = tuple[str, str, Any, float]


@dataclass(frozen=True)
class Bench:
    """How a benchmark is run and what its figures should be.

    ``targets``: what, where it is in the figures (keys and positions joined by dots), how it is
    compared, and with what.
    """

    quick: tuple[str, ...]
    targets: tuple[Target, ...] = field(default=())


EXPORT_FORMATS = ("tracewood", "trl_stepwise", "prm800k")
BENCHES = {
    "import": Bench(
        ("--megabytes", "10"),
        (
            ("steps/s, parsed to keys checked", "0.steps_per_s", AT_LEAST, 60_000),
            ("peak memory, MB", "0.peak_mb", AT_MOST, 200),
            ("one problem more, p95 ms", "1.p95_ms", AT_MOST, 20),
        ),
    ),
    "export": Bench(
        ("--steps", "30000"),
        (
            *(
                (f"{key}, steps/s", f"0.{key}.steps_per_s", AT_LEAST, 100_000)
                for key in EXPORT_FORMATS
            ),
            ("parquet, steps/s", "0.parquet.steps_per_s", AT_LEAST, 50_000),
            *(
                (f"{key}, peak MB", f"0.{key}.peak_mb", AT_MOST, 300)
                for key in (*EXPORT_FORMATS, "parquet")
            ),
        ),
    ),
    "labels": Bench(
        ("--seconds", "2"),
        (
            ("API, one client, p95 ms", "0.p95_ms", AT_MOST, 12),
            ("API, eight clients, labels/s", "1.per_s", AT_LEAST, 350),
            ("API, 50 annotators, p95 ms", "2.p95_ms", AT_MOST, 25),
        ),
    ),
    "web": Bench(
        ("--seconds", "2"),
        (
            ("page, one client, p95 ms", "0.p95_ms", AT_MOST, 12),
            ("page, eight clients, labels/s", "1.per_s", AT_LEAST, 350),
            ("page, 50 annotators, p95 ms", "2.p95_ms", AT_MOST, 25),
            ("page, 50 annotators, import running, p95 ms", "3.p95_ms", AT_MOST, 25),
            ("web process, MB", "4.web_process_mb", AT_MOST, 150),
        ),
    ),
    "tree": Bench(
        ("--steps", "2000"),
        (
            ("tree answer, p95 ms", "0.tree_json.p95_ms", AT_MOST, 100),
            ("queries", "0.queries", AT_MOST, 12),
            ("first paint, p95 ms", "0.first_paint.p95_ms", AT_MOST, 1000),
            ("rows in the document", "0.rows_in_document", AT_MOST, 400),
            ("key to painted row, p95 ms", "0.key_to_painted_row.p95_ms", AT_MOST, 100),
        ),
    ),
    "packing": Bench(
        ("1",),
        (
            ("times batched paths", "0.times_faster.than_batched_paths", AT_LEAST, 2.2),
            ("times prefixes", "0.times_faster.than_prefixes", AT_LEAST, 5),
            ("largest difference", "0.largest_difference", AT_MOST, 1e-4),
        ),
    ),
    "training": Bench(
        ("1",),
        (
            (
                "times PRMTrainer's defaults",
                "0.times_faster.trl_defaults vs ours_per_node.wall",
                AT_LEAST,
                4,
            ),
            (
                "times PRMTrainer without checkpointing",
                "0.times_faster.trl_no_checkpointing vs ours_per_node.wall",
                AT_LEAST,
                3.3,
            ),
        ),
    ),
}


def run(name: str, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark in a process of its own and return its line."""
    bench = BENCHES[name]
    arguments = bench.quick if quick else ()
    command = ["-m", f"benchmarks.bench_{name}", *arguments]
    before = hardware()
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    figures = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {
        "bench": name,
        "quick": quick,
        "failed": done.returncode != 0,
        "targets": [checked(figures, *target) for target in bench.targets],
        "figures": figures,
        "hardware": before,
        "load_after": hardware()["load"],
        "date": now(),
        "command": " ".join(["python", *command]),
    }


def checked(figures: Any, what: str, where: str, compare: Any, limit: float) -> dict[str, Any]:
    """Return a target with what was measured; ``met`` is null where nothing was."""
    found = figures
    for key in where.split("."):
        try:
            found = found[int(key) if isinstance(found, list) else key]
        except (KeyError, IndexError, TypeError):
            found = None
            break
    met = None if found is None else bool(compare(found, limit))
    return {"what": what, "target": f"{SIGNS[compare]} {limit:g}", "measured": found, "met": met}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="small sizes, a smoke run")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark called {', '.join(unknown)}; known: {', '.join(BENCHES)}")
    failed = False
    for name in options.names or BENCHES:
        line = run(name, quick=options.quick)
        failed = failed or line["failed"]
        print(json.dumps(line), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
