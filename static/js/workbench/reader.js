// The middle pane and the inspector: loaded as fragments, tuned after every swap.

import { sayFailure, toast } from "../shared/app.js";
import { typeset } from "../shared/math.js";
import { painted } from "../shared/paint.js";
import { partsOf, replace } from "../shared/parts.js";
import { writeQuery } from "../shared/url_state.js";
import { keepInView, pinnedHeight } from "../shared/view.js";

const HEAT = "tracewood.heat-off";
const AGAIN = 2000; // ms until a lost view is asked for again
const LOST = "The server cannot be reached. The step is shown once it answers.";

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

  /** Load the parts for a view after the next paint; a later view drops the one on its way. */
  load(state) {
    clearTimeout(this.again);
    this.next = { ...state };
    this.asked?.abort();
    this.busy ??= this.#send().finally(() => { this.busy = undefined; });
    return this.busy;
  }

  async #send() {
    while (this.next) {
      await painted();
      const view = this.next;
      this.next = undefined;
      this.asked = new AbortController();
      try {
        await this.#show(await fetch(this.url + writeQuery(view), { headers: { "HX-Request": "true" }, signal: this.asked.signal }));
      } catch (error) {
        if (error.name !== "AbortError") this.#lose(view);
      }
    }
  }

  /** Whoever rates now would rate a step that is not on the screen. */
  #lose(view) {
    if (!this.lost) toast(LOST, { bad: true });
    this.lost = true;
    this.again = setTimeout(() => this.load(view), AGAIN);
  }

  /** Put path, inspector and facts in place, or say why there are none. */
  async #show(answer) {
    const { headers, status } = answer;
    this.lost = false;
    const signIn = headers.get("HX-Redirect");
    if (signIn) { location.assign(signIn); return; }
    const text = await answer.text();
    if (!answer.ok) { sayFailure(status, { type: headers.get("Content-Type"), text, id: headers.get("X-Request-Id") }); return; }
    for (const part of [...partsOf(text).children]) {
      part.removeAttribute("hx-swap-oob");
      replace(part);
      globalThis.htmx.process(part);
    }
    this.tune();
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
