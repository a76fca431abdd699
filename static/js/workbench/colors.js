// The colours of the tree: by which numbers and on whose limits. Both live in the URL.

import { announce, toast } from "../shared/app.js";
import { loadPicker } from "./lazy.js";
import { showLegend } from "./legend.js";
import { writeQuery } from "../shared/url_state.js";

const LIMITS = ["low", "high", "neutral", "two_sided", "no_signal", "caption", "explained"];

export class Colors {
  /** `state` is the view; `repaint()` draws the tree again, `go(changes)` changes the view. */
  constructor(urls, state, { repaint, go }) {
    Object.assign(this, { urls, state, repaint, go });
  }

  attach(model) {
    this.model = model;
    this.#told(model.coloring);
    this.#show();
  }

  /** Ask for the numbers of the view and paint them; a later question ends an earlier one. */
  async load() {
    const { by, scale, trace } = this.state;
    this.asked?.abort();
    const asked = this.asked = new AbortController();
    let coloring = null;
    let reason = "The server cannot be reached. The colours are as they were.";
    try {
      const url = this.urls["credit-values"] + writeQuery({ by, scale, trace });
      const answer = await fetch(url, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (answer.ok) coloring = await answer.json();
      else reason = await answer.text();
    } catch {
      // no answer, or half of one: the reason above
    }
    if (asked.signal.aborted) return;
    if (!coloring) {
      toast(reason, { bad: true });
      this.state.by = this.model.coloring.key;
      return;
    }
    this.model.coloring = coloring;
    this.#told(coloring);
    this.#show();
    this.repaint();
  }

  /** Take the limits over that the path was drawn with: those of a trace change with the trace. */
  arrived() {
    const said = document.getElementById("reader").dataset.limits;
    if (!this.model || !said) return;
    const { coloring } = this.model;
    const limits = JSON.parse(said);
    if (limits.key !== coloring.key || LIMITS.every((name) => limits[name] === coloring[name])) return;
    for (const name of LIMITS) coloring[name] = limits[name];
    this.#show();
    this.repaint();
  }

  turnScale() {
    const scale = this.state.scale ? "" : "trace";
    this.go({ scale });
    announce(scale ? "Limits of the shown trace alone" : "Limits of the whole problem");
  }

  async pick(patience) {
    const { openPicker } = await loadPicker();
    await openPicker(this.urls["credit-menu"] + writeQuery(this.state), (by) => this.go({ by }), patience);
  }

  #told({ key, notice }) {
    if (this.state.by) this.state.by = key; // as it is written by everybody
    if (notice) toast(notice, { bad: true, kind: "colors" });
  }

  #show() {
    showLegend(this.model.coloring);
    document.getElementById("scale").setAttribute("aria-pressed", String(this.state.scale === "trace"));
  }
}
