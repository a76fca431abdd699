// One place to rank: keys and drags change a draft, which is kept here until it is submitted; every
// submit travels through the queue, so a lost answer loses nothing.

import { announce, toast } from "../shared/app.js";
import { Keys } from "../shared/keys.js";
import { typeset } from "../shared/math.js";
import { partsOf, replace } from "../shared/parts.js";
import { Queue } from "../shared/queue.js";
import { keep, kept } from "./ranking_drafts.js";
import * as model from "./ranking_model.js";
import { Moves } from "./ranking_moves.js";
import { Board } from "./ranking_view.js";

const config = JSON.parse(document.getElementById("ranking-config").textContent);
const root = document.getElementById("ranking");
const { "X-CSRFToken": csrf } = JSON.parse(document.body.getAttribute("hx-headers"));
const { items } = config;
const inQueue = document.getElementById("workbar") !== null;
const draftName = `tracewood.ranking.${config.user}.${config.place}`;
const saved = Object.fromEntries(Object.entries(config.saved).map(([key, stored]) => [key, model.read(stored)]));
const drafts = {};
const past = [];
const future = [];
const sending = new Map(); // key of a request → who waits for it

let criterion = config.current;
let since = performance.now();
let orderTimer;

const gates = new Set(config.criteria.filter(({ gate }) => gate).map(({ key }) => key));
const labelOf = (key) => config.criteria.find((row) => row.key === key).label;
const answerOf = (key) => drafts[key] ?? saved[key] ?? model.EMPTY;
const answer = () => answerOf(criterion);
const changed = (key) => key in drafts && !model.same(drafts[key], saved[key] ?? model.EMPTY);

const board = new Board(root, config, { onDrop: (zones, item) => moves.dropped(zones, item) });
const moves = new Moves(root, board, config, {
  answer,
  change,
  draw,
  gate: () => gates.has(criterion),
  noGate: () => `${labelOf(criterion)} is no gate: nothing can fail it.`,
  against: (item) => `${config.urls.save}?against=${item}`,
  actions: {
    criterion: nextCriterion,
    undo: () => stepBack(past, future),
    redo: () => stepBack(future, past),
    submit: submitByKey,
    clear,
  },
});

const queue = new Queue(`tracewood.rankings.${config.user}`, {
  csrf,
  onSaved: ({ key, about }, html) => {
    if (about.place === config.place) landed(about, html);
    sending.get(key)?.done();
    sending.delete(key);
  },
  onRefused: ({ key, about }, status, text) => {
    const why = text && text.length < 400 ? text : `The server refused it (${status}).`;
    if (about.place === config.place) keepDrafts();
    const waiting = sending.get(key);
    waiting?.failed(new Error(`Not saved: ${why}`));
    sending.delete(key);
    if (!waiting) toast(`Not saved: ${why}`, { bad: true });
  },
  onWaiting(count, signIn) {
    const badge = document.getElementById("rk-queued");
    badge.hidden = count === 0;
    badge.textContent = `${count} ranking${count === 1 ? "" : "s"} waiting for the server`;
    if (signIn) toast("Your session has ended. Sign in again in another tab; your rankings are kept here.", { bad: true });
  },
});

function draw() {
  board.draw(answer(), { gate: gates.has(criterion), current: moves.current });
  for (const tab of root.querySelectorAll("[data-criterion]")) {
    const key = tab.dataset.criterion;
    if (key === criterion) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
    tab.querySelector("[data-done]").hidden = !saved[key];
    tab.querySelector("[data-draft]").hidden = !changed(key);
  }
  for (const asked of root.querySelectorAll("[data-asked]")) asked.hidden = asked.dataset.asked !== criterion;
  const left = model.pool(answer(), items).length;
  const state = changed(criterion) ? (left ? `${left} of ${items.length} not ranked yet` : "complete, not submitted") : !saved[criterion] ? `${left} to rank` : left ? `submitted; ${left} new since` : "submitted";
  root.querySelector("#rk-state").textContent = state;
  const sent = Boolean(saved[criterion]) && !config.criteria.some(({ key }) => changed(key));
  for (const said of document.querySelectorAll("[data-when]")) said.hidden = (said.dataset.when === "submitted") !== sent;
  const clearing = root.querySelector("[data-do=clear]");
  if (clearing) clearing.hidden = !saved[criterion];
}

function keepDrafts() {
  keep(draftName, Object.fromEntries(Object.entries(drafts).filter(([key]) => changed(key))), { place: config.place, inQueue });
}

/** Make `next` the draft of the criterion on screen; returns whether anything changed. */
function change(next) {
  if (!config.mayLabel) { toast("Your role may look, not rank. Ask an owner of the project.", { bad: true }); return false; }
  if (next === answer()) return false;
  past.push([criterion, answer(), moves.current]);
  future.length = 0;
  drafts[criterion] = next;
  keepDrafts();
  soonOrder();
  return true;
}

function stepBack(from, to) {
  const entry = from.pop();
  if (!entry) { announce("Nothing to undo here"); return; }
  const [key, before, item] = entry;
  to.push([key, answerOf(key), moves.current]);
  drafts[key] = before;
  criterion = key;
  moves.current = item;
  keepDrafts();
  soonOrder();
  draw();
  announce(board.words(answer(), moves.current));
}

function show(key) {
  criterion = key;
  moves.start();
  since = performance.now();
  draw();
  const link = new URL(location.href);
  if (!inQueue) { link.searchParams.set("on", key); history.replaceState(null, "", link); }
  announce(`${labelOf(key)}: ${root.querySelector("#rk-state").textContent}`);
}

/** Tab walks the criteria and then leaves, as Tab does elsewhere. */
function nextCriterion(event) {
  if (!event.target.closest(".rk-card, .rk-board, #main:focus")) return false;
  if (event.target.closest("a, button, input, summary")) return false;
  const at = config.criteria.findIndex(({ key }) => key === criterion) + (event.shiftKey ? -1 : 1);
  const next = config.criteria[at];
  if (!next) return false;
  show(next.key);
  board.select(moves.current, { focus: true });
  return true;
}

async function showOrder() {
  const told = Object.fromEntries(config.criteria.map(({ key }) => [key, answerOf(key)]).filter(([, said]) => model.ranked(said).length + said.aside.length === items.length).map(([key, said]) => [key, model.sent(said, items)]));
  const body = new URLSearchParams({ drafts: JSON.stringify(told) });
  const response = await fetch(config.urls.order, { method: "POST", body, headers: { "HX-Request": "true", "X-CSRFToken": csrf } }).catch(() => null);
  if (response?.ok) for (const part of partsOf(await response.text()).querySelectorAll("[id]")) replace(part);
}

function soonOrder() {
  clearTimeout(orderTimer);
  orderTimer = setTimeout(showOrder, 150);
}

function send(key, fields) {
  const spent = String(Math.min(86400000, Math.round(performance.now() - since)));
  since = performance.now();
  const entry = queue.add(config.urls.save, { criterion: key, milliseconds: spent, ...fields }, { place: config.place, criterion: key, draft: drafts[key] });
  return new Promise((done, failed) => sending.set(entry.key, { done, failed }));
}

/** Send every criterion that is complete and new; says what is missing under the others. */
function submit() {
  const open = config.criteria.map(({ key }) => key).filter(changed);
  const ready = open.filter((key) => model.complete(drafts[key], items));
  const waiting = ready.map((key) => send(key, { answer: JSON.stringify(model.sent(drafts[key], items)) }));
  const unready = open.filter((key) => !ready.includes(key));
  const nothing = !open.length && !Object.keys(saved).length;
  if (unready.length || nothing) {
    const key = unready[0] ?? criterion;
    const missing = model.pool(answerOf(key), items).map((item) => config.letters[item]).join(", ");
    waiting.push(Promise.reject(new Error(`${labelOf(key)}: ${missing} not ranked yet. Rank them, or press x for what cannot be compared.`)));
  }
  return Promise.all(waiting);
}

function submitAndSay() {
  submit().catch(({ message }) => toast(message, { bad: true }));
}

function submitByKey(event) {
  if (inQueue || event.target.closest("a, button, summary")) return false; // the queue's frame submits
  submitAndSay();
  return true;
}

/** An answer is stored: the criterion is done, the tables follow, and the next open one comes up. */
function landed({ criterion: key, draft, cleared }, html) {
  const parts = partsOf(html);
  for (const part of parts.querySelectorAll(config.blind ? "#rk-order" : "[id]")) replace(part);
  if (cleared) { delete saved[key]; delete drafts[key]; }
  else saved[key] = draft;
  if (drafts[key] && model.same(drafts[key], saved[key] ?? model.EMPTY)) delete drafts[key];
  keepDrafts();
  draw();
  document.getElementById("rk-saved").textContent = `${labelOf(key)} saved ${new Date().toLocaleTimeString("en-GB")}`;
  announce(`${labelOf(key)} saved`);
}

function clear() {
  const entry = queue.add(config.urls.save, { criterion, clear: "1" }, { place: config.place, criterion, cleared: true });
  sending.set(entry.key, { done() {}, failed() {} });
}

root.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-criterion]");
  if (!tab) { moves.click(event); return; }
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  show(tab.dataset.criterion);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-submit-rankings]")) submitAndSay();
});
document.addEventListener("work:before-submit", ({ detail }) => detail.wait(submit()));

if (items.length > 1) {
  document.documentElement.classList.add("scripted");
  Object.assign(drafts, kept(draftName, config));
  moves.start();
  draw();
  new Keys(config.keys, moves.actions).listen("#main, .crumbs, .foot");
  typeset(root);
  queue.flush();
  if (Object.keys(drafts).some(changed)) soonOrder();
  if (document.activeElement === document.body || document.activeElement.id === "main") board.select(moves.current, { focus: true });
  document.documentElement.dataset.ready = "1";
}
