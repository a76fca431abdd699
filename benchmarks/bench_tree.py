"""A tree of 20,000 steps through the real server and a real browser.

``python -m benchmarks.bench_tree [--steps 20000] [--chain]`` fills an empty embedded database of a throw-away
home, starts the production server with one worker, and measures the answer with the tree's shape
(as sent, gzip included), the first paint, rows in the document, frames while the map is panned and
the outline scrolled, and the time from a rating key to the painted row and to the server's answer.
Targets: answer under 100 ms in at most 12 queries, first paint under 1 s, at most 400 rows, 60
frames per second, painted row p95 under 100 ms. Of reading credit: rows under 200 ms after the data,
another method repainted in 150 ms and the map in 50 ms with 20,000 steps, a search under 150 ms with
100,000. ``--chain`` is one path instead of a tree. Needs Debian's chromium.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time

from benchmarks.home import fresh_home, run_child
from benchmarks.tree_reading import WATCH, reading

FLAGS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")
TIMINGS = """
window.bench = {rated: [], frames: []};
document.addEventListener('keydown', (event) => {
  if (!'13'.includes(event.key)) return;
  const began = performance.now(), want = event.key === '1' ? 'bad' : 'good';
  // The judged row: the selection goes on to the next step at once.
  const row = document.querySelector('.outline .row[aria-selected=true]').id;
  const look = () => {
    if (document.querySelector(`#${row} .label.${want}`)) {
      requestAnimationFrame(() => window.bench.rated.push(performance.now() - began));
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}, true);
"""
FRAMES = """
() => new Promise((done) => {
  const times = [];
  const map = document.getElementById('icicle'), outline = document.getElementById('outline');
  const box = map.getBoundingClientRect();
  const pointer = (type, x) => map.dispatchEvent(new PointerEvent(type,
    {clientX: x, clientY: box.top + 30, pointerId: 1, bubbles: true}));
  map.setPointerCapture = () => {};
  for (let i = 0; i < 4; i += 1) map.dispatchEvent(new WheelEvent('wheel',
    {deltaY: -300, clientX: box.left + 150, clientY: box.top + 20, cancelable: true}));
  pointer('pointerdown', box.left + 200);
  let last = performance.now(), frame = 0;
  const next = (now) => {
    times.push(now - last); last = now; frame += 1;
    pointer('pointermove', box.left + 200 - (frame % 60) * 3);
    outline.scrollTop += 60;
    if (frame < 90) requestAnimationFrame(next);
    else { pointer('pointerup', box.left); done(times.slice(5)); }
  };
  requestAnimationFrame(next);
})
"""


def percentiles(values: list[float]) -> dict:
    ordered = sorted(values)
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "n": len(ordered),
    }


def child_fill(steps: int, *, chain: bool) -> dict:
    from django.conf import settings
    from django.test import Client

    from tests.annotator.workbench_data import (
        Node,
        branching_nodes,
        member,
        project_with_types,
        write_model,
        write_problem,
    )

    project = project_with_types("bench")
    nodes = branching_nodes(steps)
    if chain:
        nodes = [Node(f"Step {at}: carry {at % 7}.", at - 1) for at in range(steps)]
        nodes[-1].outcomes = [1.0]
        nodes[0].outcomes = [0.0]
    problem, rows = write_problem(project, "A long search", nodes)
    write_model(problem, rows, tokens=False)
    client = Client()
    client.force_login(member(project, "bench", "owner"))
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    return {
        "path": f"/p/bench/problems/{problem.pk}/",
        "cookie": [session.key, session.value],
        "queries": count_queries(client, f"/p/bench/problems/{problem.pk}/tree.json"),
        "depth": problem.max_depth,
    }


def count_queries(client, url: str) -> int:
    from django.conf import settings
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS.append("testserver")
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def answers(port: int, filled: dict, name: str, repeat: int = 40) -> dict:
    """Time one keep-alive client, first byte to last, compressed as a browser asks for it."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Cookie": "=".join(filled["cookie"]), "Accept-Encoding": "gzip"}
    times, size = [], 0
    for _ in range(repeat):
        began = time.perf_counter()
        connection.request("GET", filled["path"] + name, headers=headers)
        answer = connection.getresponse()
        size = len(answer.read())
        times.append(1000 * (time.perf_counter() - began))
        assert answer.status == 200, answer.status
    return percentiles(times[5:]) | {"kilobytes": round(size / 1000)}


def in_browser(port: int, filled: dict) -> dict:
    from playwright.sync_api import sync_playwright

    base = f"http://127.0.0.1:{port}"
    name, value = filled["cookie"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        context.add_cookies([{"name": name, "value": value, "url": base}])
        page = context.new_page()
        page.add_init_script(TIMINGS)
        page.add_init_script(WATCH)
        painted, ready = [], []
        for _ in range(6):
            page.goto(base + filled["path"])
            page.wait_for_selector("html[data-ready]")
            ready.append(page.evaluate("performance.now()"))
            painted.append(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
        credit = reading(page)
        page.goto(base + filled["path"])
        page.wait_for_selector("html[data-ready]")
        frames = page.evaluate(FRAMES)
        rows = page.locator(".outline .row").count()
        with page.expect_response(lambda response: "/label/" in response.url):
            page.keyboard.press("3")
        acknowledged = []
        for turn in range(60):
            page.keyboard.press("j")
            page.wait_for_timeout(120)
            began = time.perf_counter()
            with page.expect_response(lambda response: "/label/" in response.url):
                page.keyboard.press("13"[turn % 2])
            acknowledged.append(1000 * (time.perf_counter() - began))
        page.wait_for_timeout(300)
        rated = page.evaluate("window.bench.rated")
        browser.close()
    return {
        "first_paint": percentiles(painted[1:]),
        "tree_usable": percentiles(ready[1:]),
        "rows_in_document": rows,
        "reading": credit,
        "frame_while_panning": percentiles(frames),
        "key_to_painted_row": percentiles(rated),
        "key_to_answer": percentiles(acknowledged),
    }


def measure(steps: int, *, chain: bool) -> dict:
    with fresh_home() as (_, env):
        port = 8000 + os.getpid() % 1000
        filled = run_child(env, "bench_tree", str(-steps if chain else steps))
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
                *("--port", str(port), "--blocking-threads", "2", "--log-level", "error"),
                "webapp.wsgi:application",
            ],
            env=env,
        )
        try:
            wait_for(port)
            return {
                "steps": steps,
                "depth": filled["depth"],
                "queries": filled["queries"],
                "tree_json": answers(port, filled, "tree.json"),
                "credit_json": answers(port, filled, "credit.json?by=grpo"),
                **in_browser(port, filled),
            }
        finally:
            server.terminate()
            server.wait()


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/sign-in/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not start")


def child(steps: int) -> dict:
    import django

    django.setup()
    return child_fill(abs(steps), chain=steps < 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--chain", action="store_true", help="one path instead of a tree")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    print(
        json.dumps(
            child(options.child) if options.child else measure(options.steps, chain=options.chain)
        )
    )


if __name__ == "__main__":
    main()
