// The outline: a W3C treegrid with a fixed row height of which only the rows on screen exist.

import { shortened } from "../shared/shortened.js";
import { exactText, heatClass, heatLevel, numberText, UNLABELLED } from "./tree_model.js";

const ROW = 26;
const OVERSCAN = 12;
const DEEPEST_INDENT = 9;
const INDENT = 13;
const NARROW_INDENT = 6; // in trees that are deeper than that
const TRAIL = 4; // ancestors above the first row
const TRAIL_CHARS = 22;
const LABELS = new Map([
  [-1, ["−1", "bad"]],
  [0, ["0", "neutral"]],
  [1, ["+1", "good"]],
  [2, ["?", "unsure"]],
  [3, ["·", "seen"]],
]);

export class Outline {
  constructor(element, { textsUrl, onSelect, onExtend, onFold, trail }) {
    this.element = element;
    this.textsUrl = textsUrl;
    this.onSelect = onSelect;
    this.onExtend = onExtend;
    this.onFold = onFold;
    this.trail = trail;
    this.selected = 0;
    this.hits = new Set();
    this.pool = new Map();
    this.wanted = new Set(); // positions whose text is to be asked for
    this.above = []; // positions of the trail
    this.element.addEventListener("scroll", () => this.#soon(), { passive: true });
    this.element.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.#soon()).observe(element);
  }

  /** Replace the scriptless table by the live grid. */
  attach(model) {
    this.model = model;
    this.body = document.createElement("div");
    this.body.className = "rows";
    this.body.setAttribute("role", "rowgroup");
    this.element.replaceChildren(this.body);
    this.element.setAttribute("role", "treegrid");
    this.element.setAttribute("aria-label", `Steps of the tree, ${model.n - 1}`);
    this.element.tabIndex = 0;
    this.refresh();
  }

  /** Draw again after folding, labelling or recolouring. */
  refresh() {
    this.body.style.height = `${this.model.rows.length * ROW}px`;
    this.element.setAttribute("aria-rowcount", String(this.model.rows.length));
    for (const row of this.pool.values()) row.remove();
    this.pool.clear();
    this.#draw();
  }

  refreshRow(p) {
    const old = this.pool.get(p);
    if (!old) return;
    const fresh = this.#row(p);
    old.replaceWith(fresh);
    this.pool.set(p, fresh);
  }

  select(p, { scroll = true } = {}) {
    const before = this.selected;
    this.selected = p;
    if (scroll) this.scrollTo(p);
    this.refreshRow(before);
    this.#draw();
    this.refreshRow(p);
    this.element.setAttribute("aria-activedescendant", `row-${p}`);
  }

  scrollTo(p) {
    const top = this.model.rowOf[p] * ROW;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop + ROW) this.element.scrollTop = Math.max(0, top - 2 * ROW);
    else if (top + 2 * ROW > scrollTop + clientHeight) this.element.scrollTop = top - clientHeight + 3 * ROW;
  }

  /** For paper: up to `most` rows around the chosen one, all in the document and in order. */
  unroll(most) {
    const { rows, rowOf, texts } = this.model;
    const first = Math.max(0, Math.min(rows.length - most, rowOf[this.selected] - Math.floor(most / 2)));
    const shown = [...rows.subarray(first, first + most)];
    this.unrolled = true;
    this.pool = new Map(shown.map((p) => [p, this.#row(p)]));
    this.body.replaceChildren(...this.pool.values());
    return { first: first + 1, last: first + shown.length, all: rows.length, textless: shown.filter((p) => !texts.has(p)).length };
  }

  /** Back from paper. */
  roll() {
    this.unrolled = false;
    this.body.replaceChildren();
    this.refresh();
  }

  /** Have the texts of at most `most` rows before somebody scrolls or prints. */
  async fill(most) {
    const lacking = [...this.model.rows].filter((p) => !this.model.texts.has(p));
    if (lacking.length && this.model.rows.length <= most) await this.#fetchTexts(lacking);
  }

  get page() {
    return Math.max(1, Math.floor(this.element.clientHeight / ROW) - 1);
  }

  #soon() {
    if (!this.model || this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.#draw(); });
  }

  #draw() {
    if (this.unrolled) return;
    const { rows, rowOf } = this.model;
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW) - OVERSCAN);
    const height = Math.min(this.element.clientHeight, 200 * ROW);
    const last = Math.min(rows.length, Math.ceil((this.element.scrollTop + height) / ROW) + OVERSCAN);
    const keep = new Set(rows.subarray(first, last));
    // the chosen row stays in the document: aria-activedescendant points at it
    if (rowOf[this.selected] >= 0 && this.selected) keep.add(this.selected);
    for (const [p, row] of this.pool) if (!keep.has(p)) { row.remove(); this.pool.delete(p); }
    const fresh = document.createDocumentFragment();
    for (const p of keep) {
      if (this.pool.has(p)) continue;
      const row = this.#row(p);
      this.pool.set(p, row);
      fresh.append(row);
    }
    this.body.append(fresh);
    this.#drawTrail();
    this.#askTexts();
  }

  #row(p) {
    const { model } = this;
    const row = document.createElement("div");
    row.className = "row";
    row.id = `row-${p}`;
    row.dataset.pos = p;
    row.setAttribute("role", "row");
    row.setAttribute("aria-level", model.depth[p]);
    row.setAttribute("aria-posinset", model.nth[p]);
    row.setAttribute("aria-setsize", model.children[model.parent[p]]);
    row.setAttribute("aria-rowindex", model.rowOf[p] + 1);
    row.setAttribute("aria-selected", String(p === this.selected));
    if (model.children[p]) row.setAttribute("aria-expanded", String(!model.closed[p]));
    row.classList.toggle("hit", this.hits.has(p));
    row.classList.toggle("chosen", model.isChosen(p));
    this.#bracket(row, model.marks.get(p));
    row.style.transform = `translateY(${model.rowOf[p] * ROW}px)`;
    row.append(this.#stepCell(p), this.#labelCell(p), cell("num leaves", model.leaves[p]), this.#creditCell(p));
    return row;
  }

  /** The part of a span's bracket that stands at a row. */
  #bracket(row, mark) {
    if (!mark) return;
    const [text, kind] = LABELS.get(mark.code);
    row.classList.add("in-span", `span-${kind}`);
    row.classList.toggle("span-top", mark.top);
    row.classList.toggle("span-foot", mark.foot);
    row.title = `In a span you rated ${text === "·" ? "without a number" : text}`;
  }

  #stepCell(p) {
    const { model } = this;
    const step = cell("step", "", "rowheader");
    step.style.paddingLeft = `${4 + Math.min(model.depth[p] - 1, DEEPEST_INDENT) * (model.maxDepth > DEEPEST_INDENT + 1 ? NARROW_INDENT : INDENT)}px`;
    const twisty = document.createElement("span");
    twisty.className = model.children[p] ? `twisty ${model.closed[p] ? "closed" : "open"}` : "twisty";
    twisty.setAttribute("aria-hidden", "true");
    const text = document.createElement("span");
    text.className = "txt";
    const known = model.texts.get(p);
    if (known === undefined) { this.wanted.add(p); text.classList.add("waiting"); }
    text.textContent = known === undefined ? "…" : known.trim() || "(empty)";
    step.append(twisty);
    if (model.depth[p] > DEEPEST_INDENT + 1) {
      const depth = document.createElement("small");
      depth.className = "depth";
      depth.textContent = model.depth[p];
      step.append(depth);
    }
    step.append(text);
    return step;
  }

  #labelCell(p) {
    const mine = this.model.mine[p];
    const given = this.model.given[p];
    const code = mine !== UNLABELLED ? mine : given;
    const slot = cell("lb", "");
    if (code === UNLABELLED) return slot;
    const [text, kind] = LABELS.get(code);
    const chip = document.createElement("span");
    chip.className = `label ${kind}${mine === UNLABELLED ? " machine" : ""}`;
    chip.textContent = text;
    chip.title = mine === UNLABELLED ? "by a checker or the source, not by you" : "your label";
    slot.append(chip);
    return slot;
  }

  #creditCell(p) {
    const { coloring } = this.model;
    const value = coloring.values[p];
    const made = cell(`num heat ${heatClass(heatLevel(value, coloring))}`, numberText(value, coloring.signed));
    made.title = exactText(value, coloring);
    // What is read aloud begins with what is seen, so that it can also be asked for by voice.
    made.setAttribute("aria-label", made.title === made.textContent ? made.title : `${made.textContent}, exactly ${made.title}`);
    return made;
  }

  /** Fetch the texts of rows that came on screen, in one request. */
  #askTexts() {
    if (!this.wanted.size || this.asking) return;
    this.asking = setTimeout(async () => {
      const at = [...this.wanted].filter((p) => this.pool.has(p) || this.above.includes(p)).slice(0, 400);
      this.wanted.clear();
      if (at.length) await this.#fetchTexts(at);
      this.asking = 0;
      if (this.wanted.size && [...this.wanted].some((p) => !this.model.texts.has(p) && !at.includes(p))) this.#askTexts();
    }, 20);
  }

  async #fetchTexts(at) {
    try {
      const answer = await fetch(`${this.textsUrl}?at=${at.join(",")}`);
      if (answer.ok) for (const [p, text] of Object.entries(await answer.json())) this.model.texts.set(Number(p), text);
      for (const p of at) this.refreshRow(p);
      this.#drawTrail();
    } catch { /* offline: the rows ask again when they come back on screen */ }
  }

  /** Above the first row: the ancestors that have scrolled away. */
  #drawTrail() {
    const { model, trail } = this;
    const first = model.rows[Math.min(model.rows.length - 1, Math.ceil(this.element.scrollTop / ROW))];
    const path = first ? model.path(model.parent[first]) : [];
    this.above = path.slice(-TRAIL);
    for (const p of this.above) if (!model.texts.has(p)) this.wanted.add(p);
    trail.hidden = !path.length;
    trail.replaceChildren(...this.above.map((p) => this.#trailLink(p)));
    const fits = () => {
      trail.classList.toggle("cut", path.length > trail.childElementCount);
      return trail.scrollWidth <= trail.clientWidth;
    };
    // Whole links: those for which there is no room are left out, the farthest first
    while (trail.childElementCount > 1 && !fits()) trail.firstElementChild.remove();
    fits();
  }

  #trailLink(p) {
    const text = (this.model.texts.get(p) ?? "").trim();
    const link = document.createElement("button");
    link.type = "button";
    link.className = "ghost small";
    link.dataset.pos = p;
    link.title = text;
    link.textContent = `${this.model.depth[p]} ${shortened(text, TRAIL_CHARS)}`;
    return link;
  }

  #click(event) {
    const row = event.target.closest(".row");
    if (!row) return;
    const p = Number(row.dataset.pos);
    if (event.target.closest(".twisty.open, .twisty.closed")) {
      this.model.toggle(p, !this.model.closed[p]);
      this.refresh();
      this.onFold();
    } else if (event.shiftKey) this.onExtend(p);
    else this.onSelect(p);
  }
}

function cell(className, text, role = "gridcell") {
  const made = document.createElement("span");
  made.className = className;
  made.setAttribute("role", role);
  made.textContent = text;
  return made;
}
