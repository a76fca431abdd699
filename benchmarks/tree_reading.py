"""What ``bench_tree`` measures of reading credit: colours, the map, the search, the outline, in the page itself."""

from __future__ import annotations

import statistics

# How long each callback of a frame takes, and when the first rows of the outline were painted.
WATCH = """
window.reading = {frames: [], rows: 0};
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (act) => ask((now) => {
  const began = performance.now();
  act(now);
  window.reading.frames.push(performance.now() - began);
});
new MutationObserver((_, self) => {
  if (!document.querySelector('.outline .rows .row')) return;
  self.disconnect();
  ask(() => { window.reading.rows = performance.now(); });
}).observe(document, {childList: true, subtree: true});
"""
FIRST_ROWS = """
() => window.reading.rows - performance.getEntriesByType('resource')
  .find(({name}) => name.includes('tree.json')).responseEnd
"""
# From the click on a method to the second frame with its colours; the next one once the path is there.
SWITCH = """
(by) => new Promise((done) => {
  const link = document.createElement('a');
  link.href = `?by=${by}`;
  link.dataset.nav = '';
  document.getElementById('inspector').append(link);
  const began = performance.now(), button = document.getElementById('color-by');
  link.click();
  const settled = (took) => {
    const {key} = JSON.parse(document.getElementById('reader').dataset.limits);
    if (key === by) setTimeout(() => done(took), 50);
    else setTimeout(() => settled(took), 5);
  };
  const look = () => {
    if (button.value === by) requestAnimationFrame(() => requestAnimationFrame(() => settled(performance.now() - began)));
    else setTimeout(look, 1);
  };
  look();
})
"""
RECOLOUR = """
() => new Promise((done) => {
  window.reading.frames = [];
  document.dispatchEvent(new Event('theme'));
  setTimeout(() => done(Math.max(...window.reading.frames)), 300);
})
"""
FIND = """
(query) => new Promise((done) => {
  const field = document.getElementById('find'), said = document.getElementById('found');
  said.textContent = '';
  field.value = query;
  const began = performance.now();
  new MutationObserver((_, self) => {
    self.disconnect();
    const took = performance.now() - began, words = said.textContent;
    setTimeout(() => done([took, words]), 100);
  }).observe(said, {childList: true, characterData: true, subtree: true});
  field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}));
})
"""
METHODS = ("grpo", "leaf_value", "spo_tree", "rloo", "tree_ps", "tempo")
QUERIES = ("credit<-0.5", "outcome=0 label:none depth>3", "add 5 and carry", "disagree>0.5")
TURNS = 5


def reading(page) -> dict:
    """Return times in ms of a page that stands there with its tree."""
    first = page.evaluate(FIRST_ROWS)
    page.evaluate(SWITCH, METHODS[0])  # the first one plans its statements
    switches = [page.evaluate(SWITCH, by) for _ in range(TURNS) for by in METHODS[1:]]
    repaints = [page.evaluate(RECOLOUR) for _ in range(TURNS)]
    found = {}
    for query in QUERIES:
        times = [page.evaluate(FIND, query) for _ in range(TURNS)]
        found[query] = {
            "first_ms": round(times[0][0], 1),
            **middle([took for took, _ in times[1:]]),
        }
        found[query]["said"] = times[-1][1]
    return {
        "rows_after_data_ms": round(first, 1),
        "credit_switch": middle(switches),
        "map_recolour": middle(repaints),
        "find": found,
    }


def middle(times: list[float]) -> dict:
    """Return the median and the slowest."""
    return {
        "p50_ms": round(statistics.median(times), 1),
        "max_ms": round(max(times), 1),
        "n": len(times),
    }
