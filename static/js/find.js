// Find in the tree: words on the server, labels and credit here, where their columns are.

import { UNLABELLED } from "./tree_model.js";

const TERM = /(label|credit|depth):?(<=|>=|<|>|=)?\s*([-−+]?[\w.]+)/gi;
const LABELS = { none: UNLABELLED, unsure: 2, seen: 3 };
const TESTS = {
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
  "=": (a, b) => a === b,
};

/** Split a query into tests on columns and the text that is left. */
export function parse(query) {
  const tests = [];
  const text = query.replace(TERM, (whole, name, sign = "=", value) => {
    const word = value.replace("−", "-").toLowerCase();
    const wanted = name.toLowerCase() === "label" && word in LABELS ? LABELS[word] : Number(word);
    if (Number.isNaN(wanted)) return whole;
    tests.push({ column: name.toLowerCase(), sign, wanted });
    return " ";
  }).trim();
  return { tests, text };
}

function passes(model, p, { column, sign, wanted }) {
  const value = { label: model.mine, credit: model.coloring.values, depth: model.depth }[column][p];
  return value !== null && TESTS[sign](value, wanted);
}

export class Find {
  constructor(input, found, { url, onHits, onSelect }) {
    Object.assign(this, { input, found, url, onHits, onSelect });
    this.hits = [];
    this.idle = found.innerHTML;
    input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#search(), 200);
    });
    input.addEventListener("keydown", (event) => this.#key(event));
  }

  attach(model) {
    this.model = model;
  }

  /** Choose the next hit after (or before) a position, once around. */
  step(from, way) {
    if (!this.hits.length) return;
    const after = way > 0 ? this.hits.find((p) => p > from) : this.hits.findLast((p) => p < from);
    this.onSelect(after ?? (way > 0 ? this.hits[0] : this.hits[this.hits.length - 1]));
  }

  clear() {
    this.input.value = "";
    this.#show([], "");
  }

  async #search() {
    const query = this.input.value.trim();
    if (!query) { this.#show([], ""); return; }
    const { tests, text } = parse(query);
    let hits = Array.from({ length: this.model.n - 1 }, (_, i) => i + 1);
    if (text) {
      const answer = await fetch(`${this.url}?q=${encodeURIComponent(text)}`).catch(() => null);
      if (this.input.value.trim() !== query) return; // a newer search is on its way
      if (!answer?.ok) { this.#show([], answer ? await answer.text() : "The server cannot be reached."); return; }
      hits = (await answer.json()).hits;
    }
    hits = hits.filter((p) => tests.every((test) => passes(this.model, p, test)));
    this.#show(hits, hits.length ? `${hits.length} hit${hits.length === 1 ? "" : "s"}` : "no hits");
  }

  #show(hits, words) {
    this.hits = hits;
    if (words) this.found.textContent = words;
    else this.found.innerHTML = this.idle;
    this.onHits(hits);
  }

  #key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(this.timer);
      this.#search().then(() => this.onSelect(null, event.shiftKey ? -1 : 1));
    }
  }
}
