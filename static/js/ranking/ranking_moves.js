// What keys and clicks do to the candidates of a board, on the page of a place and in a case.

import { announce, openDialog, toast } from "../shared/app.js";
import { typeset } from "../shared/math.js";
import { partsOf, replace } from "../shared/parts.js";
import * as model from "./ranking_model.js";

export class Moves {
  /** `host` owns the answer: `answer()` is the one on screen, `change(next)` makes it another one and
      says whether it did, `draw()` shows it, `gate()` is true if something can fail, `noGate()` says
      why nothing can, `against(item)` is the address of the texts compared with `item`. */
  constructor(root, board, config, host) {
    Object.assign(this, { root, board, config, host });
    [this.current] = config.items;
  }

  go(item, { focus = true } = {}) {
    this.current = item;
    this.board.select(item, { focus });
  }

  /** Go to the first candidate without rank, or to the first one. */
  start() {
    const { items } = this.config;
    [this.current = this.board.order[0] ?? items[0]] = model.pool(this.host.answer(), items);
  }

  edit(next) {
    if (this.host.change(next)) announce(this.board.words(next, this.current));
    this.host.draw();
  }

  /** Edit, and go on to the next candidate without rank if this one had none before. */
  settle(next) {
    const { items } = this.config;
    const item = this.current;
    const waiting = model.pool(this.host.answer(), items);
    this.edit(next);
    const left = model.pool(this.host.answer(), items);
    if (!waiting.includes(item) || left.includes(item) || !left.length) return;
    this.go(left.find((other) => items.indexOf(other) > items.indexOf(item)) ?? left[0], { focus: this.root.contains(document.activeElement) });
  }

  /** A card was dragged. */
  dropped(zones, item) {
    this.current = item;
    this.host.change(model.arranged(this.host.answer(), this.config.items, zones));
    this.host.draw();
  }

  /** A click on a button of a card does what it says, one on a card chooses it; false elsewhere. */
  click(event) {
    const hit = event.target.closest("[data-do], .rk-card, [data-read]");
    if (!hit || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const item = Number(hit.closest("[data-item]")?.dataset.item ?? hit.dataset.read ?? this.current);
    if (hit.matches("[data-do]")) {
      event.preventDefault();
      this.current = item;
      this.actions[hit.dataset.do](event);
    } else if (!event.target.closest("a, summary, input, button") && !String(getSelection())) this.go(item);
  }

  /** Mark the words in which the others differ from the current candidate. */
  async compare() {
    const item = this.current;
    const headers = { "HX-Request": "true", Accept: "text/html" };
    const response = await fetch(this.host.against(item), { headers }).catch(() => null);
    if (!response?.ok) { toast("The differences did not load; try again.", { bad: true }); return; }
    for (const part of partsOf(await response.text()).querySelectorAll("[id^=text-], #rk-against")) replace(part);
    typeset(this.root);
    this.board.select(item);
    announce(`Marked: what differs from ${this.config.letters[item]}`);
  }

  /** Open or close what a candidate leads to. */
  open() {
    if (this.config.level === "trace") {
      this.root.classList.toggle("stacked");
      announce(this.root.classList.contains("stacked") ? "One below the other" : "Side by side");
      return;
    }
    const details = this.board.cards.get(this.current).querySelector("details");
    if (details) details.open = !details.open;
  }

  #step(by) {
    const { order } = this.board;
    const next = order[order.indexOf(this.current) + by];
    if (next !== undefined) this.go(next);
  }

  #fail(next) {
    if (this.host.gate()) this.settle(next());
    else toast(this.host.noGate());
  }

  get actions() {
    const { items } = this.config;
    const said = () => this.host.answer();
    return {
      next: () => this.#step(1),
      previous: () => this.#step(-1),
      first: () => this.go(this.board.order[0]),
      last: () => this.go(this.board.order.at(-1)),
      rank: ({ key }) => this.settle(model.place(said(), items, this.current, Number(key) || 10)),
      up: () => this.edit(model.move(said(), items, this.current, -1)),
      down: () => this.edit(model.move(said(), items, this.current, 1)),
      tie: () => this.settle(model.tie(said(), items, this.current)),
      aside: () => this.settle(model.toggleAside(said(), items, this.current)),
      fail: () => this.#fail(() => model.toggleFail(said(), items, this.current)),
      unrank: () => this.edit(model.unrank(said(), items, this.current)),
      open: () => this.open(),
      compare: () => this.compare(),
      help: () => openDialog(document.getElementById("keys-dialog")),
      ...this.host.actions,
    };
  }
}
