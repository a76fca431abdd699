"""Every benchmark, one JSON line each: figures, targets, met or not, machine, load, date, command.

``python -m benchmarks [--quick] [NAME …]``. Names are those of the files without ``bench_``
(``stress`` is ``stress_queue.py``); none = all. ``--quick`` runs small sizes to see that everything
works: its figures are not for quoting. The exit status is 1 when a benchmark could not be run,
whatever its figures.
"""

from __future__ import annotations

import argparse
import json
import operator
import subprocess
import sys
from typing import Any

from benchmarks.machine import hardware, now

COMPARE = {"<=": operator.le, ">=": operator.ge}
QUICK = {
    "import": ("--megabytes", "10"),
    "export": ("--steps", "30000"),
    "labels": ("--seconds", "2"),
    "web": ("--seconds", "2"),
    "queue": ("--items", "20000", "--seconds", "2"),
    "stress": ("--clients", "6", "--items", "20", "--lease", "2"),
    "tree": ("--steps", "2000"),
    "tokens": ("--tokens", "2000"),
    "agreement": ("--steps", "5000"),
    "credit": ("--steps", "2000", "--traces", "50"),
    "packing": ("1",),
    "cost": ("--repetitions", "1"),
    "jobs": ("--jobs", "10"),
    "training": ("1",),
    "attribution": ("128",),
    "signals": ("256",),
    "kinds": ("--seeds", "2", "--steps", "4", "--held-out", "6"),
    "ensemble": (
        *("--seeds", "2", "--members", "2", "--steps", "4"),
        *("--problems", "40", "--held-out", "4"),
    ),
}
"""Arguments of a small run of each benchmark."""
TARGETS = (
    ("import", "steps/s, parsed to keys checked", "0.steps_per_s", ">=", 60_000),
    ("import", "peak memory, MB", "0.peak_mb", "<=", 200),
    ("import", "one problem more, p95 ms", "1.p95_ms", "<=", 20),
    ("export", "tracewood, steps/s", "0.tracewood.steps_per_s", ">=", 100_000),
    ("export", "trl_stepwise, steps/s", "0.trl_stepwise.steps_per_s", ">=", 100_000),
    ("export", "prm800k, steps/s", "0.prm800k.steps_per_s", ">=", 100_000),
    ("export", "parquet, steps/s", "0.parquet.steps_per_s", ">=", 50_000),
    ("export", "tracewood, peak MB", "0.tracewood.peak_mb", "<=", 300),
    ("export", "trl_stepwise, peak MB", "0.trl_stepwise.peak_mb", "<=", 300),
    ("export", "prm800k, peak MB", "0.prm800k.peak_mb", "<=", 300),
    ("export", "parquet, peak MB", "0.parquet.peak_mb", "<=", 300),
    ("labels", "API, one client, p95 ms", "0.p95_ms", "<=", 12),
    ("labels", "API, eight clients, labels/s", "1.per_s", ">=", 350),
    ("labels", "API, 50 annotators, p95 ms", "2.p95_ms", "<=", 25),
    ("web", "page, one client, p95 ms", "0.p95_ms", "<=", 12),
    ("web", "page, eight clients, labels/s", "1.per_s", ">=", 350),
    ("web", "page, 50 annotators, p95 ms", "2.p95_ms", "<=", 25),
    ("web", "page, 50 annotators, import running, p95 ms", "3.p95_ms", "<=", 25),
    ("web", "web process, MB", "4.web_process_mb", "<=", 150),
    ("queue", "next, everybody at the start, p95 ms", "0.p95_ms", "<=", 20),
    ("queue", "next, one person far ahead: the others, p95 ms", "1.p95_ms", "<=", 20),
    ("queue", "next, one person far ahead: that person, p95 ms", "1.this_person.p95_ms", "<=", 20),
    ("queue", "next, nothing left, p95 ms", "2.this_person.p95_ms", "<=", 20),
    ("queue", "next, 90 % closed at the front, p95 ms", "3.p95_ms", "<=", 20),
    ("queue", "items with more or fewer places than wanted", "4.items_with_wrong_places", "<=", 0),
    (
        "stress",
        "acknowledged judgements that are missing",
        "0.broken.acknowledged_but_missing",
        "<=",
        0,
    ),
    ("stress", "items with more answers than wanted", "0.broken.more_answers_than_wanted", "<=", 0),
    ("stress", "items with fewer answers than wanted", "0.broken.starved", "<=", 0),
    (
        "stress",
        "answers without their event, or events without answer",
        "0.broken.answers_without_event",
        "<=",
        0,
    ),
    (
        "stress",
        "leases of dead clients that did not come back",
        "0.broken.dead_leases_still_held",
        "<=",
        0,
    ),
    ("tree", "tree answer, p95 ms", "0.tree_json.p95_ms", "<=", 100),
    ("tree", "queries", "0.queries", "<=", 12),
    ("tree", "first paint, p95 ms", "0.first_paint.p95_ms", "<=", 1000),
    ("tree", "rows in the document", "0.rows_in_document", "<=", 400),
    ("tree", "key to painted row, p95 ms", "0.key_to_painted_row.p95_ms", "<=", 100),
    ("tokens", "32,000 tokens painted, p50 ms", "0.painted_after_answer.p50_ms", "<=", 400),
    ("tokens", "32,000 tokens in other colours, p50 ms", "0.painted_anew.p50_ms", "<=", 200),
    ("agreement", "all point estimates, s", "0.point_s", "<=", 2),
    ("agreement", "peak memory, MB", "0.peak_mb", "<=", 500),
    ("agreement", "page, fresh report, p95 ms", "1.fresh.p95_ms", "<=", 2000),
    ("agreement", "page, report that is behind, p95 ms", "1.behind.p95_ms", "<=", 2000),
    ("agreement", "peak memory of the job, MB", "1.job_peak_mb", "<=", 1000),
    (
        "credit",
        "slowest from outcomes or scores, tree of 20,000 steps, processor ms",
        "0.slowest_of_outcomes_and_scores_processor_ms",
        "<=",
        20,
    ),
    (
        "credit",
        "slowest from outcomes or scores, 1,000 traces of 30, processor ms",
        "1.slowest_of_outcomes_and_scores_processor_ms",
        "<=",
        100,
    ),
    ("packing", "times batched paths", "0.times_faster.than_batched_paths", ">=", 2.2),
    ("packing", "times prefixes", "0.times_faster.than_prefixes", ">=", 5),
    ("packing", "largest difference", "0.largest_difference", "<=", 0.0001),
    ("cost", "share of the gain that is expected", "0.cuts.chosen.share_of_expected", ">=", 0.9),
    ("jobs", "memory after 200 jobs, % more", "0.growth_percent", "<=", 5),
    ("jobs", "processes that it took", "0.processes", "<=", 1),
    (
        "attribution",
        "forwards of the running reward",
        "0.spent.running_reward.tokens_in_F",
        "<=",
        1,
    ),
    ("attribution", "closed prefix, forwards", "0.spent.closed_prefix.tokens_in_F", "<=", 1.1),
    ("attribution", "tokens without a step over anew", "0.left_out_tokens_over_anew", "<=", 0.55),
    ("attribution", "processor time over Captum's", "1.captum.cpu_over_captum", "<=", 1.1),
    ("attribution", "difference from Captum", "1.captum.largest_difference", "<=", 1e-6),
    ("attribution", "memory estimate over truth", "1.memory.estimate_over_truth", "<=", 2),
    (
        "attribution",
        "memory estimate over truth, from below",
        "1.memory.estimate_over_truth",
        ">=",
        0.5,
    ),
    ("signals", "memory estimate over peak, highest", "1.most_ratio", "<=", 2),
    ("signals", "memory estimate over peak, lowest", "1.least_ratio", ">=", 0.5),
    (
        "training",
        "times PRMTrainer's defaults",
        "0.times_faster.trl_defaults vs ours_per_node.wall",
        ">=",
        4,
    ),
    (
        "training",
        "times PRMTrainer without checkpointing",
        "0.times_faster.trl_no_checkpointing vs ours_per_node.wall",
        ">=",
        3.3,
    ),
    (
        "kinds",
        "hrm above prm after an error: lower end of the interval",
        "0.differences.hrm - prm.after_error.low",
        ">=",
        0,
    ),
    (
        "kinds",
        "soft above hard Monte Carlo targets: lower end of the interval",
        "1.differences.soft - hard.auroc.low",
        ">=",
        0,
    ),
    (
        "ensemble",
        "gold lost at best of 64, mean of members less one alone: upper end of the interval",
        "0.against_alone.mean.drop.high",
        "<=",
        0,
    ),
)
"""Benchmark, what is asked of it, where that is in its figures (keys and positions joined by dots),
how it is compared, and with what."""
MODULES = {"stress": "benchmarks.stress_queue"}


def run(name: str, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark in a process of its own and return its line."""
    arguments = QUICK[name] if quick else ()
    command = ["-m", MODULES.get(name, f"benchmarks.bench_{name}"), *arguments]
    before = hardware()
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    figures = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {
        "bench": name,
        "quick": quick,
        "failed": done.returncode != 0,
        "targets": [checked(figures, *target) for bench, *target in TARGETS if bench == name],
        "figures": figures,
        "hardware": before,
        "load_after": hardware()["load"],
        "date": now(),
        "command": " ".join(["python", *command]),
    }


def checked(figures: Any, what: str, where: str, sign: str, limit: float) -> dict[str, Any]:
    """Return a target with what was measured; ``met`` is null where nothing was."""
    found = figures
    for key in where.split("."):
        try:
            found = found[int(key) if isinstance(found, list) else key]
        except (KeyError, IndexError, TypeError):
            found = None
            break
    met = None if found is None else bool(COMPARE[sign](found, limit))
    return {"what": what, "target": f"{sign} {limit:g}", "measured": found, "met": met}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(QUICK))
    parser.add_argument("--quick", action="store_true", help="small sizes, a smoke run")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in QUICK]
    if unknown:
        parser.error(f"no benchmark called {', '.join(unknown)}; known: {', '.join(QUICK)}")
    failed = False
    for name in options.names or QUICK:
        line = run(name, quick=options.quick)
        failed = failed or line["failed"]
        print(json.dumps(line), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
