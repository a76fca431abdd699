// Draws an answer: the server's cards, moved between ranks, the pool and what was set aside.

import { showInside } from "../shared/panes.js";
import { pool } from "./ranking_model.js";

const GROUP = "candidates";

export class Board {
  /** `onDrop({ slots, aside })` gets the zones as they stand after a drag. */
  constructor(root, config, { onDrop }) {
    Object.assign(this, { root, config, onDrop });
    this.cards = new Map([...root.querySelectorAll(".rk-card")].map((card) => [Number(card.dataset.item), card]));
    this.tiers = root.querySelector("#rk-tiers");
    this.pool = root.querySelector("#rk-pool .rk-box");
    this.aside = root.querySelector("#rk-aside .rk-box");
    this.template = root.querySelector("#rk-tier-template").content.firstElementChild;
    this.sortables = [];
    for (const zone of [this.pool, this.aside]) this.#sortable(zone);
  }

  /** Redraw; the current card keeps the focus if it had it. */
  draw(answer, { gate, current }) {
    const focused = this.root.contains(document.activeElement) && document.activeElement.closest(".rk-card");
    this.#release();
    this.tiers.replaceChildren();
    this.#gap(0);
    let shown = 0;
    const whole = !pool(answer, this.config.items).length;
    answer.slots.forEach((slot, at) => {
      if (!slot.length) return;
      shown += 1;
      this.#tier(slot, at, whole ? shown : at + 1, answer, gate);
      this.#gap(at + 1);
    });
    this.#fill(this.pool, pool(answer, this.config.items));
    this.#fill(this.aside, answer.aside);
    this.pool.parentElement.hidden = !this.pool.children.length && Boolean(shown);
    this.aside.parentElement.hidden = false;
    this.aside.parentElement.classList.toggle("empty-zone", !answer.aside.length);
    for (const [item, card] of this.cards) {
      card.querySelector("[data-failed]").hidden = !(gate && answer.failed.includes(item));
      const fail = card.querySelector("[data-do=fail]");
      if (!fail) continue; // a viewer has no buttons
      fail.hidden = !gate;
      fail.setAttribute("aria-pressed", String(answer.failed.includes(item)));
      card.querySelector("[data-do=aside]").setAttribute("aria-pressed", String(answer.aside.includes(item)));
    }
    this.select(current, { focus: Boolean(focused) });
  }

  select(item, { focus = false } = {}) {
    for (const [other, card] of this.cards) {
      const on = other === item;
      card.classList.toggle("current", on);
      card.tabIndex = on ? 0 : -1;
      if (on) card.setAttribute("aria-current", "true");
      else card.removeAttribute("aria-current");
    }
    const card = this.cards.get(item);
    for (const read of this.root.querySelectorAll("[data-read]")) read.classList.toggle("current", Number(read.dataset.read) === item);
    if (focus) card?.focus({ preventScroll: true });
    const read = this.root.querySelector("[data-read].current");
    if (read) showInside(this.root, read); // where all scrolls as one the card counts, not its text
    card?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Candidates in the order in which they stand on the page. */
  get order() {
    return [...this.root.querySelectorAll(".rk-board .rk-card")].map((card) => Number(card.dataset.item));
  }

  /** Where a candidate stands, in words. */
  words(answer, item) {
    const name = this.config.letters[item];
    if (answer.aside.includes(item)) return `${name}: cannot compare`;
    const at = answer.slots.findIndex((slot) => slot.includes(item));
    if (at < 0) return `${name}: not ranked`;
    const whole = !pool(answer, this.config.items).length;
    const rank = whole ? answer.slots.slice(0, at + 1).filter((slot) => slot.length).length : at + 1;
    const tied = answer.slots[at].filter((other) => other !== item).map((other) => this.config.letters[other]);
    const failed = answer.failed.includes(item) ? ", fails the gate" : "";
    return `${name}: rank ${rank}${tied.length ? `, tied with ${tied.join(" and ")}` : ""}${failed}`;
  }

  #tier(slot, at, rank, answer, gate) {
    const tier = this.template.cloneNode(true);
    const failing = gate && slot.every((item) => answer.failed.includes(item));
    tier.querySelector(".rk-rank").textContent = rank;
    tier.querySelector(".rk-rank").title = slot.length > 1 ? `Rank ${rank}, ${slot.length} tied` : `Rank ${rank}`;
    tier.querySelector("[data-tied]").hidden = slot.length < 2;
    tier.querySelector("[data-failing]").hidden = !failing;
    tier.classList.toggle("failing", failing);
    const box = tier.querySelector(".rk-box");
    box.dataset.slot = at;
    this.#fill(box, slot);
    this.tiers.append(tier);
    this.#sortable(box);
  }

  /** A place between two ranks, to drop a candidate on a rank of its own. */
  #gap(at) {
    const gap = document.createElement("li");
    gap.className = "rk-gap";
    const box = document.createElement("ul");
    box.className = "rk-box";
    box.dataset.gap = at;
    gap.append(box);
    this.tiers.append(gap);
    this.#sortable(box);
  }

  #fill(box, items) {
    box.replaceChildren(...items.map((item) => this.cards.get(item)));
  }

  #sortable(box) {
    if (!this.config.mayLabel) return;
    this.sortables.push(globalThis.Sortable.create(box, {
      group: GROUP,
      handle: ".rk-grip",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      onStart: () => this.root.classList.add("dragging"),
      onEnd: ({ item }) => {
        this.root.classList.remove("dragging");
        // Sortable is still at work on the element: redraw after it has finished.
        setTimeout(() => this.onDrop(this.#zones(), Number(item.dataset.item)));
      },
    }));
  }

  /** Sortables of ranks go with their ranks; pool and aside stay. */
  #release() {
    for (const sortable of this.sortables.slice(2)) sortable.destroy();
    this.sortables.length = Math.min(this.sortables.length, 2);
  }

  #zones() {
    const ids = (box) => [...box.children].map((card) => Number(card.dataset.item));
    const boxes = [...this.tiers.querySelectorAll(".rk-box")];
    return { slots: boxes.map(ids).filter((slot) => slot.length), aside: ids(this.aside) };
  }
}
