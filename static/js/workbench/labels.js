// Labels: marked at once, sent through the queue, corrected by what the server answers.

import { announce, toast } from "../shared/app.js";
import { spentSince } from "../shared/fields.js";
import { partsOf, replace } from "../shared/parts.js";
import { Queue } from "../shared/queue.js";
import { UNLABELLED } from "./tree_model.js";
import { showWaiting } from "../shared/waiting.js";

const CODES = { "-1": -1, 0: 0, 1: 1, unsure: 2 };
const WORDS = new Map([[-1, "−1, wrong"], [0, "0, neutral"], [1, "+1, right"], [2, "unsure"], [3, "noted"], [UNLABELLED, "no label"]]);

export class Labels {
  /** `show(p)` redraws a step's row; `goTo(id)` chooses a step and loads it again; `onSpans(marks, bar)`
      gets the person's spans as they are now. */
  constructor(config, model, { show, goTo, reload, onSpans }) {
    Object.assign(this, { config, model, show, goTo, reload, onSpans });
    const { "X-CSRFToken": csrf } = JSON.parse(document.body.getAttribute("hx-headers"));
    this.queue = new Queue(`tracewood.labels.${config.user}`, {
      csrf,
      onSaved: (entry, html) => { this.#saved(entry, html); this.#answered(entry); },
      onRefused: (entry, status, text) => { this.#refused(entry, status, text); this.#answered(entry); },
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
    const scored = form ? form.querySelector("[name=shown_score]") : this.model.coloring.by_model;
    const shown = scored ? { shown_score: "1" } : {};
    this.#mark(p, code);
    if (form) this.#press(form, fields.rating);
    this.queue.add(this.config.urls.label.replace("/steps/0/", `/steps/${id}/`), { ...fields, ...shown, milliseconds: spentSince(this.since) }, { p, id, code, before, problem: this.config.problem });
    announce(`Step ${this.model.depth[p]}: ${WORDS.get(code)}`);
  }

  /** Save a judgement of the run of steps that begins at the step `id`. */
  saveSpan(id, fields) {
    this.queue.add(this.config.urls.span.replace("/steps/0/", `/steps/${id}/`), { ...fields, milliseconds: spentSince(this.since) }, { span: true, problem: this.config.problem });
  }

  /** Undo or redo; `undone` resolves when the step it goes back to is on its way to the page. */
  undo(redo) {
    const { key } = this.queue.add(redo ? this.config.urls.redo : this.config.urls.undo, {}, { undo: true, problem: this.config.problem });
    this.undone = new Promise((done) => { this.undoing = { key, done }; });
  }

  #answered({ key }) {
    if (this.undoing?.key === key) this.undoing.done();
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
    if (about.judging) return; // sent by the judging page, answered with its parts
    const parts = partsOf(html);
    const { step, code, said, trace, spans } = parts.querySelector("[data-saved]").dataset;
    if (about.problem !== this.config.problem) return;
    for (const part of parts.querySelectorAll("[id$='-label'], [id$='-rate'], #progress")) replace(part);
    if (spans !== undefined) this.onSpans(JSON.parse(spans), about.span ? parts.querySelector("#span-bar") : null);
    const p = this.model.at.get(Number(step));
    const later = this.queue.entries.some((entry) => entry.about.p === p);
    if (p !== undefined && !later) this.#mark(p, code === "" ? UNLABELLED : Number(code));
    document.getElementById("saved").textContent = `Saved ${new Date().toLocaleTimeString("en-GB")}`;
    if (!about.undo) return;
    toast(said, { kind: "undo" });
    if (Number(trace)) document.dispatchEvent(new CustomEvent("outcomes-changed"));
    if (Number(step)) this.goTo(Number(step));
    else this.reload();
  }

  #refused({ about }, status, text) {
    if (about.p !== undefined && about.problem === this.config.problem) this.#mark(about.p, about.before);
    const why = text && text.length < 300 ? text : `The server refused it (${status}).`;
    toast(about.undo ? why : `Not saved: ${why}`, { bad: true, kind: about.undo && "undo" });
    if (about.problem === this.config.problem) this.reload();
  }

  #waiting(count, signIn) {
    showWaiting(count, signIn);
    if (!signIn && count && this.queue.failures === 1) announce("The server does not answer. Your labels are kept and sent again.");
  }
}
