// Judging one trace: a key rates a step, and the server's answer reveals the next one.

import { announce, openDialog, sayFailure, toast } from "../shared/app.js";
import { listenChoices } from "../shared/choosing.js";
import { spentSince } from "../shared/fields.js";
import { listenForms } from "../shared/forms.js";
import { KeptParts } from "../shared/kept_parts.js";
import { goesOn, Keys } from "../shared/keys.js";
import { loadPanel } from "../workbench/lazy.js";
import { typeset } from "../shared/math.js";
import { keepFocus, partsOf } from "../shared/parts.js";
import { Queue } from "../shared/queue.js";
import { TraceSpans } from "./trace_spans.js";
import { keepInView, pinnedHeight } from "../shared/view.js";
import { showWaiting } from "../shared/waiting.js";

const AROUND = "#judging-earlier, #judging-later, #judging-foot"; // parts beside the cards
const config = JSON.parse(document.getElementById("judging-config").textContent);
const { urls } = config;
const surface = document.getElementById("judging");
const inQueue = Boolean(document.getElementById("workbar"));
const edge = document.getElementById("judging-edge");
const cards = document.getElementById("judging-cards");
const parts = new KeptParts([...cards.children, ...surface.querySelectorAll(AROUND)]);
const answered = new Map(); // key of a request → who waits for its answer
const opened = performance.now();
const queue = new Queue(`tracewood.labels.${config.user}`, {
  csrf: JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"],
  onSaved: saved, onRefused: refused, onWaiting: waiting,
});
const spans = new TraceSpans(surface, {
  url: urls.span,
  send: (url, fields) => send(url, { ...fields, milliseconds: spentSince(since) }),
  draw: stayInView,
});
let turn = Promise.resolve();
let stuck = false; // the server does not answer: what is on screen may be old
let since = performance.now();
let timed = ""; // the step that `since` belongs to

/** Fast keys wait for their turn: each acts on the step that the one before it revealed. */
function inTurn(action) {
  if (stuck) { announce("The server does not answer. What you rated is kept; wait for it."); return undefined; }
  turn = turn.then(action).catch((error) => { if (error) toast(error.message, { bad: true }); }); // htmx has told why it rejects with nothing
  return turn;
}

/** A field or dialog opens in its turn, unless nobody waits for it any more. */
const opening = (open) => (event, patience) => inTurn(() => (patience.aborted ? undefined : open(patience)));

/** What was written is sent at once, also while the server does not answer; the next keys wait for it. */
const keep = (saving) => { turn = turn.then(() => saving); };

/** Keep a request until it is answered; resolves once its answer is on the page. */
function send(url, fields, about = {}) {
  return new Promise((done) => {
    const { key } = queue.add(url, fields, { judging: config.trace, problem: config.problem, ...about });
    answered.set(key, done);
  });
}

function saved({ key, about }, html) {
  stuck = false;
  const done = answered.get(key) ?? (() => {});
  answered.delete(key);
  if (about.judging !== config.trace) return;
  document.getElementById("saved")?.replaceChildren(`Saved ${new Date().toLocaleTimeString("en-GB")}`);
  if (!about.undo) { show(html); done(); return; }
  spans.leave();
  const { said, step } = partsOf(html).querySelector("[data-saved]").dataset;
  toast(said, { kind: "undo" });
  load(step).then(done);
}

function refused({ key, about }, status, text) {
  stuck = false;
  const gone = inQueue && (status === 403 || status === 404); // the frame says what became of the item
  if (!gone) toast(text && text.length < 300 ? text : `The server refused it (${status}).`, { bad: true, kind: about.undo && "undo" });
  const done = answered.get(key) ?? (() => {});
  answered.delete(key);
  if (gone) { document.dispatchEvent(new CustomEvent("work:gone")); done(); }
  else if (about.judging === config.trace) load().then(done);
}

function waiting(count, signIn) {
  stuck = count > 0 && (signIn || queue.failures > 0);
  showWaiting(count, signIn);
}

/** Draw the surface again, with the step `at` chosen if it is revealed. */
async function load(at) {
  try {
    const answer = await fetch(`${urls.judging}&at=${at ?? ""}`, { headers: { "HX-Request": "true" } });
    const signIn = answer.headers.get("HX-Redirect");
    if (signIn) location.assign(signIn);
    else if (answer.ok) show(await answer.text());
    else sayFailure(answer.status, { type: answer.headers.get("Content-Type"), text: await answer.text() });
  } catch { sayFailure(0); }
}

/** Put the server's version in place; cards that did not change stay, with their formulas. */
function show(html) {
  const fresh = partsOf(html).querySelector("#judging");
  for (const name of ["open", "frontier", "revealed", "submitted", "hint"]) surface.dataset[name] = fresh.dataset[name];
  keepFocus(surface, () => placeAll(fresh), surface);
  spans.drawn(fresh.querySelector("#span-bar:not([hidden])"));
  if (fresh.dataset.said) announce(fresh.dataset.said);
  tune();
}

function placeAll(fresh) {
  parts.placeAll(cards, fresh.querySelector(`#${cards.id}`));
  for (const part of fresh.querySelectorAll(AROUND)) parts.place(part);
}

function tune() {
  document.documentElement.classList.add("scripted");
  typeset(surface);
  stayInView();
  const submit = document.querySelector("#submit-form button");
  if (submit) submit.title = surface.dataset.hint;
  submit?.classList.toggle("waits", surface.dataset.open !== "1");
  const step = current()?.dataset.step ?? "";
  if (step === timed) return;
  since = performance.now();
  timed = step;
}

function stayInView() {
  const card = spans.moving;
  if (card) keepInView(surface, card, pinnedHeight(surface), edge.offsetHeight);
}

function current() {
  return surface.querySelector(".stepcard.current");
}

const stepUrl = (url, id, stay) => `${url.replace("/steps/0/", `/steps/${id}/`)}${stay ? `&at=${id}` : ""}`;

/** Send fields of the chosen step; `stay` keeps it chosen afterwards. */
function save(fields, { stay = true, card = current() } = {}) {
  if (!card) return undefined;
  const scored = card.querySelector("[name=shown_score]") ? { shown_score: "1" } : {};
  return send(stepUrl(urls.step, card.dataset.step, stay), { ...fields, ...scored, milliseconds: spentSince(since) });
}

const rateByKey = (rating) => (spans.open ? spans.rateByKey(rating) : rate(rating));

async function rate(rating, { stay = !goesOn() } = {}) {
  const card = current();
  const unjudged = surface.dataset.frontier !== "";
  for (const button of card?.querySelectorAll("button[name=rating]") ?? []) button.setAttribute("aria-pressed", String(button.value === rating));
  await save({ rating }, { stay });
  const next = current();
  if (unjudged && surface.dataset.open === "1") announce(surface.dataset.hint);
  else if (next && next !== card) announce(`Step ${next.dataset.number}: ${next.querySelector(".step-text").textContent.slice(0, 300)}`);
}

function move(by) {
  spans.leave();
  const steps = [...surface.querySelectorAll(".stepcard")];
  const at = Math.max(0, Math.min(steps.length - 1, steps.indexOf(current()) + by));
  return steps[at] && steps[at] !== current() ? load(steps[at].dataset.step) : undefined;
}

async function openExtras(name) {
  if (spans.open) {
    await spans.loaded;
    document.querySelector(`#span-bar [name=${name}]`)?.focus();
    return;
  }
  const details = current()?.querySelector("details");
  if (!details) return;
  details.open = true;
  stayInView();
  details.querySelector(`[name=${name}]`).focus();
}

function toggleRealises() {
  const box = current()?.querySelector("[name=realises_error]");
  return box && save({ realises_error: box.checked ? "" : "1" });
}

function applyRest() {
  const card = current();
  const rated = card?.querySelector("button[name=rating][aria-pressed=true]");
  const chosen = rated ? card : card?.previousElementSibling;
  if (!chosen?.dataset.step) { announce("Rate a step first; its rating is what the later steps get."); return undefined; }
  return send(stepUrl(urls.rest, chosen.dataset.step), {});
}

const panel = (name) => opening(async (patience) => {
  const { openPanel } = await loadPanel();
  if (current()) await openPanel(urls, name, current().dataset.step, patience);
});

function ask(id) {
  openDialog(document.getElementById(id));
  document.querySelector(`#${id} :is(textarea, select)`).focus();
}

function submit() {
  if (inQueue) return false; // the frame around the item has the key
  inTurn(() => {
    const form = document.getElementById("judging-submit");
    if (form && surface.dataset.open === "1") return send(form.action, { milliseconds: spentSince(opened) });
    return announce(surface.dataset.hint);
  });
  return true;
}

const actions = {
  down: () => inTurn(() => move(1)),
  up: () => inTurn(() => move(-1)),
  first: () => inTurn(() => move(-surface.querySelectorAll(".stepcard").length)),
  last: () => inTurn(() => move(surface.querySelectorAll(".stepcard").length)),
  rateWrong: () => inTurn(() => rateByKey("-1")),
  rateNeutral: () => inTurn(() => rateByKey("0")),
  rateRight: () => inTurn(() => rateByKey("1")),
  rateUnsure: () => inTurn(() => rateByKey("unsure")),
  span: () => inTurn(() => spans.begin(spans.here)),
  spanDown: () => inTurn(() => spans.extend(1, spans.here, spans.model.n)),
  spanUp: () => inTurn(() => spans.extend(-1, spans.here, spans.model.n)),
  clearSpan: () => inTurn(() => (spans.judged ? spans.rate("clear") : undefined)),
  errorType: opening(() => openExtras("error_type")),
  note: opening(() => openExtras("note")),
  realisesError: () => inTurn(toggleRealises),
  applyRest: () => inTurn(applyRest),
  alternative: panel("alternative"),
  comments: panel("comments"),
  flag: panel("flag"),
  undo: () => inTurn(() => send(urls.undo, {}, { undo: true })),
  redo: () => inTurn(() => send(urls.redo, {}, { undo: true })),
  giveUp: () => ask("give-up-dialog"),
  badProblem: () => ask("bad-problem-dialog"),
  submit,
  reference: () => { const box = document.getElementById("reference"); if (box) box.open = !box.open; },
  help: () => openDialog(document.getElementById("keys-dialog")),
  escape() {
    surface.focus({ preventScroll: true });
    if (spans.open) inTurn(leaveSpan);
  },
};
const keys = new Keys(config.keys, actions);

/** Leave the chosen span; once it is judged, go on to the step that is due. */
function leaveSpan() {
  const { judged } = spans;
  spans.leave();
  return judged ? load() : undefined;
}

function choose(card, shift) {
  if (spans.pressed(card, shift)) return undefined;
  spans.leave();
  return load(card.dataset.step);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.button) return;
  const wanted = "[data-action], [data-span], #judging .stepcard:not(.current), #judging .stepcard [data-at]";
  const hit = event.target.closest(event.shiftKey ? "#judging .stepcard" : wanted);
  if (!hit || (hit.matches(".stepcard") && !event.shiftKey && String(getSelection()))) return;
  event.preventDefault();
  if (event.shiftKey) getSelection().removeAllRanges();
  if (hit.dataset.action) keys.run(hit.dataset.action, event);
  else if (hit.dataset.span) inTurn(() => spans.choose(...hit.dataset.span.split(" ").map(Number)));
  else inTurn(() => choose(hit.closest(".stepcard"), event.shiftKey));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-submission]")) return;
  event.preventDefault();
  const { csrfmiddlewaretoken, ...fields } = Object.fromEntries(new FormData(form, event.submitter));
  form.closest("dialog")?.close();
  inTurn(() => send(form.action, { ...fields, milliseconds: spentSince(opened) }));
});

listenChoices();
listenForms({
  rate: (rating) => inTurn(() => rate(rating, { stay: true })),
  rateSpan: (rating) => inTurn(() => spans.rate(rating)),
  spanField: (field) => keep(spans.sendField(field)),
  save: (id, fields) => keep(save(fields, { card: surface.querySelector(`.stepcard[data-step="${id}"]`) })),
});

document.addEventListener("work:before-submit", ({ detail }) => {
  detail.wait(turn.then(() => { if (surface.dataset.open !== "1") throw new Error(surface.dataset.hint); }));
});

spans.drawn(null);
new ResizeObserver(stayInView).observe(edge); // the bar of a span comes and goes
keys.listen("body");
inTurn(() => queue.flush()); // what waits from before decides which step is the next one
tune();
if (document.activeElement === document.body || document.activeElement.id === "main") surface.focus({ preventScroll: true });
document.documentElement.dataset.ready = "1";
