// Labels: marked at once, sent through the queue, corrected by what the server answers.

import { announce, toast } from "./app.js";
import { Queue } from "./queue.js";
import { UNLABELLED } from "./tree_model.js";

const CODES = { "-1": -1, 0: 0, 1: 1, unsure: 2 };
const WORDS = new Map([[-1, "−1, wrong"], [0, "0, neutral"], [1, "+1, right"], [2, "unsure"], [3, "noted"], [UNLABELLED, "no label"]]);

export class Labels {
  /** `show(p)` redraws a step's row and map; `goTo(id)` chooses a step and loads it again. */
  constructor(config, model, { show, goTo, reload }) {
    Object.assign(this, { config, model, show, goTo, reload });
    const { "X-CSRFToken": csrf } = JSON.parse(document.body.getAttribute("hx-headers"));
    this.queue = new Queue(`tracewood.labels.${config.user}`, {
      csrf,
      onSaved: (entry, html) => this.#saved(entry, html),
      onRefused: (entry, status, text) => this.#refused(entry, status, text),
      onWaiting: (count, signIn) => this.#waiting(count, signIn),
    });
    this.since = performance.now();
    for (const { about } of this.queue.entries) if (about.problem === config.problem && about.code !== undefined) this.#mark(about.p, about.code);
    this.queue.flush();
  }

  /** The reader looks at another step: time spent starts again. */
  arrived() {
    this.since = performance.now();
  }

  /** Save the fields that changed; the step's form need not be on screen yet when keys are fast. */
  save(id, fields) {
    const p = this.model.at.get(id);
    const form = document.querySelector(`#reader form[data-label-form][data-step="${id}"]`);
    const before = this.model.mine[p];
    const code = fields.rating === undefined ? (before === UNLABELLED ? 3 : before) : CODES[fields.rating];
    const scored = form ? form.querySelector("[name=shown_score]") : this.model.coloring.key.includes("@");
    const shown = scored ? { shown_score: "1" } : {};
    const spent = { milliseconds: String(Math.min(86400000, Math.round(performance.now() - this.since))) };
    this.#mark(p, code);
    if (form) this.#press(form, fields.rating);
    this.queue.add(this.config.urls.label.replace("/steps/0/", `/steps/${id}/`), { ...fields, ...shown, ...spent }, { p, id, code, before, problem: this.config.problem });
    announce(`Step ${this.model.depth[p]}: ${WORDS.get(code)}`);
  }

  undo(redo) {
    this.queue.add(redo ? this.config.urls.redo : this.config.urls.undo, {}, { undo: true, problem: this.config.problem });
  }

  #mark(p, code) {
    if (p === undefined) return;
    this.model.mine[p] = code;
    this.show(p);
  }

  #press(form, rating) {
    if (rating === undefined) return;
    for (const button of form.querySelectorAll("button[name=rating]")) button.setAttribute("aria-pressed", String(button.value === rating));
  }

  /** Put the server's parts in place, by id; parts of a step that is not shown are dropped. */
  #saved({ about }, html) {
    const parts = document.createElement("template");
    parts.innerHTML = html; // our own server's fragment; texts in it are escaped there
    const { step, code, said, trace } = parts.content.querySelector("[data-saved]").dataset;
    if (about.problem !== this.config.problem) return;
    for (const part of parts.content.querySelectorAll("[id$='-label'], [id$='-rate'], #progress")) replace(part);
    const p = this.model.at.get(Number(step));
    const later = this.queue.entries.some((entry) => entry.about.p === p);
    if (p !== undefined && !later) this.#mark(p, code === "" ? UNLABELLED : Number(code));
    document.getElementById("saved").textContent = `Saved ${new Date().toLocaleTimeString("en-GB")}`;
    if (!about.undo) return;
    toast(said);
    if (Number(trace)) document.dispatchEvent(new CustomEvent("outcomes-changed"));
    if (Number(step)) this.goTo(Number(step));
    else this.reload();
  }

  #refused({ about }, status, text) {
    if (about.p !== undefined && about.problem === this.config.problem) this.#mark(about.p, about.before);
    const why = text && text.length < 300 ? text : `The server refused it (${status}).`;
    toast(about.undo ? why : `Not saved: ${why}`, { bad: true });
    if (about.problem === this.config.problem) this.reload();
  }

  #waiting(count, signIn) {
    const badge = document.getElementById("queued");
    badge.hidden = count === 0;
    badge.textContent = `${count} judgement${count === 1 ? "" : "s"} waiting for the server`;
    if (signIn) toast("Your session has ended. Sign in again in another tab; your labels are kept here.", { bad: true });
    else if (count && this.queue.failures === 0) announce("The server does not answer. Your labels are kept and sent again.");
  }
}

/** Swap one element for its new version without losing the focus inside it. */
function replace(part) {
  const old = document.getElementById(part.id);
  if (!old) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(part);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
