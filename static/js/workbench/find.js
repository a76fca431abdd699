// The field that searches the tree: what it says, its hits and the way between them. What a query
// means is worked out by `search.js`, which is loaded when somebody first uses the field.

import { loadSearch } from "./lazy.js";

const PAUSE = 200; // ms after the last key

export class Find {
  /** `onHits(hits)` shows positions, `onSelect(p)` goes to one, `onQuery(text)` keeps the query in the URL. */
  constructor(input, found, { urls, state, onHits, onSelect, onQuery }) {
    Object.assign(this, { input, found, urls, state, onHits, onSelect, onQuery });
    this.hits = [];
    this.columns = new Map(); // from the server, until what they say may have changed
    this.known = new Map(); // hits by text; texts of steps never change
    this.idle = found.innerHTML;
    this.help = document.getElementById("find-help");
    this.said = document.getElementById("find-said");
    input.addEventListener("input", () => {
      this.said.textContent = "";
      this.#showHelp();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(), PAUSE);
    });
    input.addEventListener("focus", () => { this.#showHelp(); loadSearch().catch(() => {}); });
    input.addEventListener("blur", () => this.#showHelp());
    input.addEventListener("keydown", (event) => this.#key(event));
    this.help.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  }

  attach(model) {
    this.model = model;
    if (this.input.value.trim()) this.search();
  }

  /** Go to the next hit after (or before) a position, once around. */
  step(from, way) {
    const { hits } = this;
    if (!hits.length) return;
    const after = way > 0 ? hits.findIndex((p) => p > from) : hits.findLastIndex((p) => p < from);
    const at = after >= 0 ? after : way > 0 ? 0 : hits.length - 1;
    this.found.textContent = `${at + 1} of ${count(hits)}`;
    this.onSelect(hits[at]);
  }

  clear() {
    this.input.value = "";
    this.search();
  }

  /** Labels or outcomes have changed: ask for their columns again when they are next needed. */
  forget() {
    this.columns.clear();
  }

  /** Find again what depends on the colours. */
  recolored() {
    this.columns.delete("disagree");
    if (/credit|disagree/i.test(this.input.value)) this.search();
  }

  async search() {
    clearTimeout(this.timer);
    const query = this.input.value.trim();
    this.query = query;
    this.onQuery(query);
    if (!query) { this.#show([], "", ""); return; }
    try {
      const { hitsOf } = await loadSearch();
      const hits = await hitsOf(query, this.model, (name) => this.#column(name), (text) => this.#texts(text));
      if (query === this.query) this.#show(hits, count(hits), "");
    } catch (error) {
      if (query === this.query) this.#show([], "?", error.message);
    }
  }

  /** A column that only the server has; the server's own words where there is none. */
  async #column(name) {
    if (!this.columns.has(name)) {
      const { by, model } = this.state;
      const query = new URLSearchParams({ name, by, model });
      const column = await ask(`${this.urls["find-columns"]}?${query}`);
      if (column.missing) throw new Error(column.missing);
      this.columns.set(name, column.values);
    }
    return this.columns.get(name);
  }

  async #texts(text) {
    if (!this.known.has(text)) this.known.set(text, (await ask(`${this.urls.find}?q=${encodeURIComponent(text)}`)).hits);
    return this.known.get(text);
  }

  #show(hits, words, error) {
    this.hits = hits;
    if (words) this.found.textContent = words;
    else this.found.innerHTML = this.idle;
    this.said.textContent = error;
    this.input.setAttribute("aria-invalid", String(Boolean(error)));
    this.#showHelp();
    this.onHits(hits);
  }

  /** The syntax, while the field is empty or what stands in it cannot be read; else the hits are to be seen. */
  #showHelp() {
    const { input, said } = this;
    this.help.hidden = document.activeElement !== input || Boolean(input.value.trim() && !said.textContent);
  }

  #key(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.search().then(() => this.onSelect(null, event.shiftKey ? -1 : 1));
  }
}

const count = ({ length }) => (length ? `${length.toLocaleString("en")} hit${length === 1 ? "" : "s"}` : "no hits");

async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer) throw new Error("The server cannot be reached; nothing was searched.");
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
