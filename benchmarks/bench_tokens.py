"""The tokens of a long path through the real server and a real browser.

``python -m benchmarks.bench_tokens [--tokens 32000] [--steps 100]`` writes one path of that many tokens,
scored, into an empty embedded database of a throw-away home, starts the production server with one worker,
and measures the server's answer, the time from the answer to the painted heat of the screen, frames while
the whole text scrolls by, the key that goes to its end, and the time of painting it anew in other units
(the answer's travel apart), both as it opened and when every token was drawn. Targets: painted under
400 ms, anew under 200 ms. Needs Debian's chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from benchmarks.bench_tree import FLAGS, answers, percentiles, wait_for
from benchmarks.home import fresh_home, run_child
from tests.browser.waiting import until

# Two frames after the page says that its heat is there, counted from the last byte of the answer.
FIRST = """
new MutationObserver((_, watch) => {
  if (!document.documentElement?.dataset.ready) return;
  watch.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => {
    window.painted = performance.now() - performance.getEntriesByType('navigation')[0].responseEnd;
  }));
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-ready'] });
"""
# The whole text in about two seconds; a frame that must draw what comes next is as long as it takes.
SCROLL = """
() => new Promise((done) => {
  const frames = [];
  const by = Math.max(200, document.documentElement.scrollHeight / 120);
  let last;
  scrollTo(0, 0);
  const frame = (now) => {
    if (last) frames.push(now - last);
    last = now;
    const before = scrollY;
    scrollBy(0, by);
    if (scrollY === before) done(frames);
    else requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})
"""
TO_END = """
() => new Promise((done) => {
  const text = document.getElementById('token-text');
  text.focus({ preventScroll: true });
  const began = performance.now();
  text.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})
"""
DRAW_ALL = """
() => new Promise((done) => {
  const began = performance.now();
  dispatchEvent(new Event('beforeprint'));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})
"""
# From the moment at which the markup is there to two frames later: then its colours are on screen.
PAINT = """
() => new Promise((done) => {
  const form = document.getElementById('choose-by');
  let began;
  document.addEventListener('htmx:beforeSwap', () => { began = performance.now(); }, { once: true });
  document.addEventListener('htmx:afterSwap', () => requestAnimationFrame(() => requestAnimationFrame(
    () => done(performance.now() - began))), { once: true });
  form.selectedIndex = (form.selectedIndex + 1) % form.options.length;
  form.dispatchEvent(new Event('change', { bubbles: true }));
})
"""


def child_fill(tokens: int, steps: int) -> dict:
    import numpy as np
    from django.conf import settings
    from django.test import Client

    from annotator.models import RewardModel, StepScore, TokenScore
    from tests.annotator.workbench_data import Node, member, project_with_types, write_problem

    rng = np.random.default_rng(0)
    project = project_with_types("bench")
    each = tokens // steps
    nodes = [
        Node("word " * each, parent=at - 1, outcomes=[1.0] if at == steps - 1 else [])
        for at in range(steps)
    ]
    problem, rows = write_problem(project, "A long path", nodes)
    model = RewardModel.objects.create(project=project, name="tiny", kind="prm", ready=True)
    running = rng.random(each * steps).astype("<f4")
    start = 0.5
    for at, step in enumerate(rows):
        own = running[at * each : (at + 1) * each]
        ends = np.arange(5, 5 * each + 1, 5).astype("<i4")
        TokenScore.objects.create(
            step=step, model=model, start=start, ends=ends.tobytes(), running=own.tobytes()
        )
        StepScore.objects.create(step=step, model=model, score=float(own[-1]))
        start = float(own[-1])
    client = Client()
    client.force_login(member(project, "bench", "owner"))
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    return {
        "path": f"/p/bench/problems/{problem.pk}/attribution/?end={rows[-1].pk}",
        "cookie": [session.key, session.value],
    }


def in_browser(port: int, filled: dict) -> dict:
    from playwright.sync_api import sync_playwright

    base = f"http://127.0.0.1:{port}"
    name, value = filled["cookie"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        context.add_cookies([{"name": name, "value": value, "url": base}])
        context.add_init_script(FIRST)
        page = context.new_page()
        painted = []
        for _ in range(9):
            page.goto(base + filled["path"], wait_until="commit")
            page.wait_for_selector("html[data-ready]")
            until(page, "window.painted !== undefined")
            painted.append(page.evaluate("window.painted"))
        spans = page.locator("#token-text .t").count()
        to_end = page.evaluate(TO_END)
        again = [page.evaluate(PAINT) for _ in range(9)]
        frames = page.evaluate(SCROLL)
        drawn = page.evaluate(DRAW_ALL)
        every = page.locator("#token-text .t").count()
        all_again = [page.evaluate(PAINT) for _ in range(9)]
        browser.close()
    return {
        "tokens_drawn_at_first": spans,
        "painted_after_answer": percentiles(painted[1:]),
        "end_key_ms": round(to_end, 1),
        "painted_anew": percentiles(again[1:]),
        "frame_while_scrolling": percentiles(frames),
        "tokens_drawn_at_last": every,
        "rest_drawn_ms": round(drawn, 1),
        "all_painted_anew": percentiles(all_again[1:]),
    }


def measure(tokens: int, steps: int) -> dict:
    with fresh_home(static=True) as (_, env):
        port = 8000 + os.getpid() % 1000
        filled = run_child(env, "bench_tokens", f"{tokens},{steps}")
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
                "tokens": tokens,
                "steps": steps,
                "answer": answers(port, filled, "", repeat=12),
                **in_browser(port, filled),
            }
        finally:
            server.terminate()
            server.wait()


def child(tokens: int, steps: int) -> dict:
    import django

    django.setup()
    return child_fill(tokens, steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=32_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*map(int, options.child.split(",")))))
    else:
        print(json.dumps(measure(options.tokens, options.steps)))


if __name__ == "__main__":
    main()
