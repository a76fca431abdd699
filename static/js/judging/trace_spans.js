// Spans on the judging surface: runs of the open steps of one trace, by their numbers.

import { announce } from "../shared/app.js";
import { PathModel } from "./path_model.js";
import { Spans } from "../shared/spans.js";

export class TraceSpans extends Spans {
  /** `url` is the address of the trace's spans; `send(url, fields)` resolves once the answer is drawn;
      `draw()` brings the loose end into sight. */
  constructor(surface, { url, send, draw }) {
    super(new PathModel(), {
      url: (first, last) => `${url}&first=${first}&last=${last}`,
      save: (first, fields) => send(`${url}&at=${this.current?.dataset.step ?? ""}`, { ...fields, first }),
      draw: () => { this.paint(); draw(); },
      end: "The next step is shown once this one is judged",
    });
    this.surface = surface;
  }

  get current() {
    return this.surface.querySelector(".stepcard.current");
  }

  /** The card of the step that moves: the loose end of a chosen run, else the chosen step. */
  get moving() {
    return (this.open && this.surface.querySelector(`.stepcard[data-pos="${this.head}"]`)) || this.current;
  }

  get here() {
    return Number(this.current?.dataset.pos);
  }

  /** Whether the chosen run has a rating. */
  get judged() {
    return this.open && document.querySelector("#span-bar [name=rating][aria-pressed=true]") !== null;
  }

  rateByKey(rating) {
    if (rating !== "unsure") return this.rate(rating);
    return announce("A span is rated −1, 0 or +1");
  }

  /** A press on a step ends the span if one was begun or Shift is held; false = it means the step itself. */
  pressed(card, shift) {
    if (!shift && !this.picking) return false;
    this.to(Number(card.dataset.pos), this.here);
    return true;
  }

  /** Follow what the server drew; a span over steps that are shut again is left. */
  drawn(bar) {
    this.model.grow(Number(this.surface.dataset.revealed));
    if (this.last > this.model.n) this.leave();
    else if (bar) this.drawBar(bar);
    this.paint();
  }
}
