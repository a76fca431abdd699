// The middle pane and the inspector: loaded as fragments, tuned after every swap.

import { typeset } from "./math.js";
import { writeQuery } from "./url_state.js";

const HEAT = "tracewood.heat-off";

export class Reader {
  /** `arrived()` runs after each swap. */
  constructor(url, { arrived }) {
    this.url = url;
    this.arrived = arrived;
    document.addEventListener("htmx:afterSettle", (event) => {
      if (event.detail.target.id === "reader" || event.detail.elt.id === "reader") this.tune();
    });
    document.addEventListener("pointerover", (event) => this.#point(event));
    document.addEventListener("focusin", (event) => this.#point(event));
  }

  /** Load the parts for a view; one request at a time, and of rapid moves only the last. */
  load(state) {
    this.next = { ...state };
    this.busy ??= this.#send().finally(() => { this.busy = undefined; });
    return this.busy;
  }

  async #send() {
    while (this.next) {
      const query = writeQuery(this.next);
      this.next = undefined;
      // a failure is said by app.js; the next move asks again
      await globalThis.htmx.ajax("GET", this.url + query, { target: "#reader", swap: "outerHTML" }).catch(() => {});
    }
  }

  /** After a swap: formulas, token view, scroll position. */
  tune() {
    const reader = document.getElementById("reader");
    typeset(reader);
    typeset(document.getElementById("inspector"));
    this.#applyHeat();
    const current = reader.querySelector(".stepcard.current");
    if (current) this.#hold(reader, current);
    this.arrived();
  }

  /** Keep the chosen card in view while formulas above it are typeset, until somebody scrolls. */
  #hold(reader, current) {
    this.holding?.disconnect();
    const show = () => keepInView(reader, current, pinnedHeight(reader));
    this.holding = new ResizeObserver(show);
    this.holding.observe(reader.querySelector(".column"));
    for (const event of ["wheel", "pointerdown", "touchmove"]) reader.addEventListener(event, () => this.holding.disconnect(), { passive: true, once: true });
    show();
  }

  get trace() {
    return document.getElementById("reader").dataset.trace;
  }

  toggleHeat() {
    localStorage.setItem(HEAT, localStorage.getItem(HEAT) === "1" ? "0" : "1");
    this.#applyHeat();
  }

  #applyHeat() {
    const card = document.querySelector("#reader .stepcard.current");
    const source = card?.querySelector(".step-text.source");
    if (!source) return;
    const off = localStorage.getItem(HEAT) === "1";
    source.hidden = off;
    card.querySelector(".step-text.rendered").hidden = !off;
    card.querySelector("#token-readout").hidden = off;
    card.querySelector("[data-heat-label]").textContent = off ? "show tokens" : "typeset";
  }

  /** Say a token's exact number while the pointer or the focus is on it, in text and table. */
  #point(event) {
    const hit = event.target.closest?.("#reader .t, #inspector tr[data-i]");
    if (!hit || hit === this.pointed) return;
    this.pointed = hit;
    for (const old of document.querySelectorAll(".t.pointed, tr.pointed")) old.classList.remove("pointed");
    const token = document.querySelector(`#reader .t[data-i="${hit.dataset.i}"]`);
    document.querySelector(`#inspector tr[data-i="${hit.dataset.i}"]`)?.classList.add("pointed");
    if (!token) return;
    token.classList.add("pointed");
    const text = token.textContent.replaceAll("\n", "⏎").replaceAll(" ", "␣");
    document.getElementById("token-readout").textContent = `Token ${Number(hit.dataset.i) + 1} “${text}” ${token.dataset.credit}`;
  }
}

/** Scroll just enough that a card stands below the pinned problem and above the lower edge. */
function keepInView(pane, card, pinned) {
  const top = card.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  const above = top - pinned - 12;
  const below = top + Math.min(card.offsetHeight, pane.clientHeight - pinned - 24) + 24 - pane.clientHeight;
  if (above < 0) pane.scrollTop += above;
  else if (below > 0) pane.scrollTop += Math.min(above, below);
}

/** The problem stands on top of the pane, except in low windows, where it scrolls away. */
function pinnedHeight(pane) {
  const problem = pane.querySelector(".problem");
  return getComputedStyle(problem).position === "sticky" ? problem.offsetHeight : 0;
}
