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

  /** Ask for the numbers of the view and paint them; of two answers only the later one counts. */
  async load() {
    const { by, scale, trace } = this.state;
    const asked = this.asked = fetch(this.urls["credit-values"] + writeQuery({ by, scale, trace }), { headers: { Accept: "application/json" } });
    const answer = await asked.catch(() => null);
    if (asked !== this.asked) return;
    if (!answer?.ok) {
      toast(answer ? await answer.text() : "The server cannot be reached. The colours are as they were.", { bad: true });
      this.state.by = this.model.coloring.key;
      return;
    }
    const coloring = await answer.json();
    if (asked !== this.asked) return;
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
