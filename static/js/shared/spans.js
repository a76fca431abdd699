// A run of consecutive steps of one path, chosen with Shift or by its two ends, judged as one unit.

import { announce, toast } from "./app.js";
import { partsOf, replace } from "./parts.js";

const ONE_PATH = "A span is a run of consecutive steps of one path. Choose a step above or below on the same path.";

export class Spans {
  /** `model` is a `TreeModel` or a `PathModel`. `url(first, last)` is the address of a run's bar,
      `save(first, fields)` sends a judgement of the run that begins at the step with this id, `draw()`
      shows marks, `end` says that the path goes no further down. */
  constructor(model, { url, save, draw, end = "The path ends here" }) {
    Object.assign(this, { model, url, save, draw, end });
    this.anchor = this.head = 0;
    this.picking = false; // the next step that is pressed is the other end
  }

  get open() {
    return this.anchor > 0;
  }

  get first() {
    return Math.min(this.anchor, this.head);
  }

  get last() {
    return Math.max(this.anchor, this.head);
  }

  /** Move the loose end one step down the path that ends at `end`, or up; `at` is where a new run begins. */
  extend(way, at, end) {
    const from = this.open ? this.head : at;
    const next = way > 0 ? this.model.toward(from, end) : this.model.parent[from];
    if (next > 0) this.choose(this.open ? this.anchor : at, next);
    else announce(way > 0 ? this.end : "This is the first step");
  }

  /** Begin a run at the step `at` whose other end is pressed next; without Shift, for a thumb. */
  begin(at) {
    if (this.open) { this.leave(); return; }
    this.choose(at, at);
    this.picking = this.open;
    if (this.picking) announce("Press the last step of the span");
  }

  /** Choose the run from the step `at` (or the fixed end of the chosen run) to the step `p`. */
  to(p, at) {
    this.choose(this.open ? this.anchor : at, p);
  }

  choose(anchor, head) {
    const [first, last] = [Math.min(anchor, head), Math.max(anchor, head)];
    if (!(first > 0) || last >= this.model.end[first]) { toast(ONE_PATH, { bad: true }); return; }
    Object.assign(this, { anchor, head });
    this.model.choose(first, last);
    this.draw();
    const { depth } = this.model;
    announce(first === last ? `Step ${depth[first]} alone` : `Steps ${depth[first]} to ${depth[last]} as one`);
    this.loaded = this.#load();
  }

  async #load() {
    const { first, last } = this;
    const { ids } = this.model;
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const answer = await fetch(this.url(ids[first], ids[last]), { headers: { "HX-Request": "true" }, signal: this.asked.signal });
      if (!answer.ok) { toast(await answer.text(), { bad: true }); return; }
      replace(partsOf(await answer.text()).querySelector("#span-bar"));
    } catch (error) {
      if (error.name !== "AbortError") toast("The server cannot be reached; the span can still be rated by key.", { bad: true });
    }
  }

  rate(rating) {
    const { first, last, model } = this;
    const code = rating === "clear" ? null : Number(rating);
    for (const button of document.querySelectorAll("#span-bar button[name=rating]")) button.setAttribute("aria-pressed", String(button.value === rating));
    model.setSpans([...model.spans.filter(([a, b]) => a !== first || b !== last), ...(code === null ? [] : [[first, last, code]])]);
    this.draw();
    return this.save(model.ids[first], { rating, last: String(model.ids[last]) });
  }

  /** Save a field of the bar; it may stand there a moment longer than the choice. */
  sendField({ name, value, form }) {
    const { first } = form.closest("#span-bar").dataset;
    return this.save(this.model.ids[Number(first)], { [name]: value, last: form.elements.last.value });
  }

  /** Put the bar of the chosen run in place, unless somebody is writing in the one that is there. */
  drawBar(bar) {
    const chosen = Number(bar.dataset.first) === this.first && Number(bar.dataset.last) === this.last;
    if (chosen && !document.activeElement.closest("#span-bar input")) replace(bar);
  }

  leave() {
    if (!this.open) return;
    this.anchor = this.head = 0;
    this.picking = false;
    this.asked?.abort();
    this.model.choose(0, 0);
    document.getElementById("span-bar").hidden = true;
    this.draw();
  }

  /** Mark the chosen steps on the cards of the path. */
  paint() {
    for (const card of document.querySelectorAll(".stepcard[data-pos]")) card.classList.toggle("chosen", this.model.isChosen(Number(card.dataset.pos)));
    for (const button of document.querySelectorAll(".stepcard [data-action=span]")) button.setAttribute("aria-pressed", String(this.open));
  }
}
