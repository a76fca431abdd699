// The map: every node of the tree on one canvas. x = pre-order, y = depth, colour = chosen credit.
// Nodes narrower than a pixel share a cell, which shows their mean.

import { announce } from "../shared/app.js";
import { exactText, heatShare } from "./tree_model.js";

const NAMES = ["neg-4", "neg-3", "neg-2", "neg-1", "zero", "pos-1", "pos-2", "pos-3", "pos-4"];
const SHADES = 16; // colours between two classes
const SMALLEST = 12; // nodes across, at the deepest zoom

/** Resolve a custom property to red, green and blue, light-dark() included; `scheme` "" = the page's. */
function rgb(name, scheme) {
  const probe = document.createElement("i");
  probe.style.colorScheme = scheme;
  probe.style.backgroundColor = `var(${name})`;
  document.body.append(probe);
  const parts = getComputedStyle(probe).backgroundColor.match(/[\d.]+/g).map(Number);
  probe.remove();
  return parts;
}

export class Icicle {
  constructor(canvas, tip, { onSelect }) {
    this.canvas = canvas;
    this.tip = tip;
    this.onSelect = onSelect;
    this.ctx = canvas.getContext("2d");
    this.tree = document.createElement("canvas").getContext("2d"); // the map without its marks
    this.hits = [];
    this.selected = 0;
    this.scheme = "";
    new ResizeObserver(() => this.#resize()).observe(canvas.parentElement);
    document.addEventListener("theme", () => { this.#colors(); this.draw(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.#colors(); this.draw(); });
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => { this.tip.hidden = true; });
  }

  attach(model) {
    this.model = model;
    this.from = 0;
    this.to = model.n;
    this.#colors();
    this.#resize();
  }

  select(p) {
    this.selected = p;
    if (p < this.from || p >= this.to) this.#show(p - (this.to - this.from) / 2, this.to - this.from);
    this.mark();
  }

  zoom(factor, at = this.selected) {
    const share = (at - this.from) / (this.to - this.from);
    const span = Math.max(Math.min(SMALLEST, this.model.n), Math.min(this.model.n, (this.to - this.from) * factor));
    this.#show(at - share * span, span);
  }

  /** Draw everything at the next frame. */
  draw() {
    this.stale = true;
    this.mark();
  }

  /** Draw the marks at the next frame: the chosen step and the hits, over the tree as it is. */
  mark() {
    if (this.frame || !this.model || !this.width) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.#paint(); });
  }

  #show(from, span) {
    this.from = Math.max(0, Math.min(this.model.n - span, from));
    this.to = this.from + span;
    this.draw();
  }

  #resize() {
    if (!this.model || this.scheme) return; // paper scales what was drawn
    const ratio = devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    for (const ctx of [this.ctx, this.tree]) {
      ctx.canvas.width = Math.round(this.width * ratio);
      ctx.canvas.height = Math.round(this.height * ratio);
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.draw();
  }

  /** Draw at once for paper, or again for the screen: a page is printed before its next frame. */
  paper(on) {
    this.scheme = on ? "light" : "";
    if (!this.model || !this.width) return;
    this.#colors();
    if (!on) this.#resize();
    this.stale = true;
    this.#paint();
  }

  #colors() {
    const { scheme } = this;
    const stops = NAMES.map((name) => rgb(`--heat-${name}`, scheme));
    this.lut = [];
    for (let i = 0; i < 8 * SHADES + 1; i += 1) {
      const low = stops[Math.floor(i / SHADES)];
      const high = stops[Math.min(8, Math.floor(i / SHADES) + 1)];
      const share = (i % SHADES) / SHADES;
      this.lut.push(`rgb(${low.map((v, c) => Math.round(v + (high[c] - v) * share)).join(" ")})`);
    }
    const solid = (name) => `rgb(${rgb(name, scheme).slice(0, 3).join(" ")})`;
    this.paint = { ink: solid("--ink"), none: solid("--sunk"), mark: solid("--accent"), bg: solid("--bg") };
  }

  #color(share) {
    return share === null ? this.paint.none : this.lut[Math.round((share + 1) * 4 * SHADES)];
  }

  #paint() {
    const { ctx, width, height } = this;
    const band = Math.min(18, height / (this.model.maxDepth + 1));
    const scale = width / (this.to - this.from);
    if (this.stale) this.#paintTree(scale, band);
    this.stale = false;
    ctx.drawImage(this.tree.canvas, 0, 0, width, height);
    this.#marks(scale, band);
  }

  #paintTree(scale, band) {
    const { tree: ctx, width, height, model } = this;
    const gap = band >= 5 ? 1 : 0;
    ctx.fillStyle = this.paint.bg;
    ctx.fillRect(0, 0, width, height);
    const cells = new Map();
    for (let p = Math.max(0, Math.floor(this.from)); p < Math.min(model.n, this.to); p += 1) this.#node(p, scale, band, gap, cells);
    // ancestors that begin left of the view still cover it
    for (let a = model.parent[Math.max(0, Math.floor(this.from))]; a >= 0; a = model.parent[a]) this.#node(a, scale, band, gap, cells);
    for (const [key, { sum, count, wide }] of cells) {
      const y = key % 4096;
      ctx.fillStyle = this.#color(count ? sum / count : null);
      ctx.fillRect((key - y) / 4096, y, Math.max(1, wide), Math.max(1, band - gap));
    }
  }

  #node(p, scale, band, gap, cells) {
    const { model, tree: ctx } = this;
    const value = model.coloring.values[p];
    const share = p === 0 || value === null || model.coloring.no_signal ? null : heatShare(value, model.coloring);
    const x = (Math.max(p, this.from) - this.from) * scale;
    const wide = (Math.min(model.end[p], this.to) - this.from) * scale - x;
    const y = model.depth[p] * band;
    if (wide >= 1 && band >= 1) {
      ctx.fillStyle = this.#color(share);
      ctx.fillRect(x, y, wide > 3 ? wide - 1 : wide, Math.max(1, band - gap));
      return;
    }
    const key = Math.floor(x) * 4096 + Math.floor(y);
    const cell = cells.get(key) ?? { sum: 0, count: 0, wide: 0 };
    cell.wide = Math.max(cell.wide, wide); // of deep trees many steps share a row: their mean, once
    if (share !== null) { cell.sum += share; cell.count += 1; }
    cells.set(key, cell);
  }

  #marks(scale, band) {
    const { ctx, model } = this;
    ctx.fillStyle = this.paint.mark;
    let last = -1;
    for (const p of this.hits) {
      const x = Math.floor((p - this.from) * scale);
      if (x > last && x <= this.width) ctx.fillRect(last = x, this.height - 4, Math.max(2, Math.min(4, scale)), 4);
    }
    if (!this.selected) return;
    const x = (this.selected - this.from) * scale;
    const wide = Math.max(5, (model.end[this.selected] - this.selected) * scale - 1);
    const tall = Math.max(5, band - 1);
    const y = Math.min(model.depth[this.selected] * band, this.height - tall - 1);
    ctx.lineWidth = 2;
    ctx.strokeStyle = this.paint.ink;
    ctx.strokeRect(Math.min(x, this.width - 5) + 1, y + 1, Math.max(3, wide - 2), tall - 2);
  }

  /** The node under the pointer: the last of its depth that begins at or before it. */
  #hit(event) {
    const { model } = this;
    const box = this.canvas.getBoundingClientRect();
    const band = Math.min(18, this.height / (model.maxDepth + 1));
    const x = this.from + ((event.clientX - box.left) / this.width) * (this.to - this.from);
    const depth = Math.floor((event.clientY - box.top) / band);
    let p = Math.max(0, Math.min(model.n - 1, Math.floor(x)));
    while (p > 0 && model.depth[p] > depth) p = model.parent[p];
    return p;
  }

  #wheel(event) {
    event.preventDefault();
    const span = this.to - this.from;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) { this.#show(this.from + (event.deltaX / this.width) * span, span); return; }
    const box = this.canvas.getBoundingClientRect();
    this.zoom(Math.exp(event.deltaY * 0.002), this.from + ((event.clientX - box.left) / this.width) * span);
  }

  #down(event) {
    this.drag = { x: event.clientX, from: this.from, moved: false };
    this.canvas.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (!this.model) return;
    if (!this.drag) { this.#tip(event); return; }
    const by = event.clientX - this.drag.x;
    if (Math.abs(by) > 3) this.drag.moved = true;
    const span = this.to - this.from;
    if (this.drag.moved) this.#show(this.drag.from - (by / this.width) * span, span);
  }

  #up(event) {
    const clicked = this.drag && !this.drag.moved;
    this.drag = null;
    if (!clicked) return;
    const p = this.#hit(event);
    if (p > 0) this.onSelect(p);
  }

  #tip(event) {
    this.#say(this.#hit(event));
  }

  /** Number and text of a node below the map; the problem has neither. */
  #say(p) {
    const { model } = this;
    this.tip.hidden = p === 0;
    if (p) this.tip.textContent = `${model.depth[p]} · ${exactText(model.coloring.values[p], model.coloring)} · ${(model.texts.get(p) ?? `step ${p}`).slice(0, 90)}`;
  }

  #key(event) {
    const { model, selected: p } = this;
    const wide = model.children[p] ? p + 1 : p;
    const moves = {
      ArrowLeft: () => model.sibling(p, -1),
      ArrowRight: () => model.sibling(p, 1),
      ArrowUp: () => model.parent[p],
      ArrowDown: () => wide,
    };
    const zooms = { "+": 0.5, "=": 0.5, "-": 2 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) { const to = moves[event.key](); if (to > 0 && to !== p) { this.onSelect(to); this.#say(to); announce(this.tip.textContent); } }
    else if (event.key in zooms) this.zoom(zooms[event.key]);
    else if (event.key === "0") this.#show(0, model.n);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
