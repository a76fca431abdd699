// Puts the workbench together: one state (step, colours, tab, folds), shown by outline, map and
// reader, kept in the URL.

import { announce, openDialog, toast } from "./app.js";
import { Find } from "./find.js";
import { Icicle } from "./icicle.js";
import { goesOn, listen } from "./keys.js";
import { Labels } from "./labels.js";
import { Outline } from "./outline.js";
import { Reader } from "./reader.js";
import { TreeModel, numberText } from "./tree_model.js";
import { readUrl, writeQuery, writeUrl } from "./url_state.js";

const config = JSON.parse(document.getElementById("config").textContent);
const $ = (id) => document.getElementById(id);
const { urls } = config;
const state = { ...readUrl(location.search), step: String(config.step || ""), by: readUrl(location.search).by };

let model;
let labels;
let judged = -1; // the step that a key rated last
let turn = Promise.resolve();
const outline = new Outline($("outline"), {
  textsUrl: urls["step-texts"],
  trail: $("trail"),
  onSelect: (p) => { select(p, { push: true }); $("outline").focus({ preventScroll: true }); },
  onFold: folded,
});
const icicle = new Icicle($("icicle"), $("map-tip"), { onSelect: (p) => select(p, { push: true }) });
const reader = new Reader(urls.problem, {
  arrived() {
    if (reader.trace !== "0") state.trace = reader.trace;
    labels?.arrived();
  },
});
const find = new Find($("find"), $("found"), {
  url: urls.find,
  onHits(hits) {
    outline.hits = new Set(hits);
    icicle.hits = hits;
    if (model) { outline.refresh(); icicle.draw(); }
  },
  onSelect(p, way) {
    if (p === null) find.step(position(), way);
    else { select(p, { push: true }); $("outline").focus({ preventScroll: true }); }
  },
});

function position() {
  return model.at.get(Number(state.step)) ?? 0;
}

function folded() {
  state.fold = model.foldText();
  writeUrl(state);
  icicle.draw();
}

/** Go to a step: its row and map at once, path and inspector as soon as the server answers. */
function select(p, { push = false, load = true } = {}) {
  if (!(p > 0)) return;
  state.step = String(model.ids[p]);
  state.before = "";
  if (model.reveal(p)) { state.fold = model.foldText(); outline.refresh(); }
  outline.select(p);
  icicle.select(p);
  writeUrl(state, { push });
  if (load) reader.load(state);
}

/** Show what a link says, or what Back and Forward restore. */
function go(changes, { push = true } = {}) {
  const before = { ...state };
  Object.assign(state, changes);
  if (state.fold !== before.fold) { model.setFoldText(state.fold); outline.refresh(); }
  if (state.by !== before.by) recolor();
  const p = position() || 1;
  state.step = String(model.ids[p]);
  if (model.reveal(p)) outline.refresh();
  outline.select(p);
  icicle.select(p);
  writeUrl(state, { push });
  reader.load(state);
}

async function recolor() {
  const answer = await fetch(urls["credit-values"] + writeQuery({ by: state.by }), { headers: { Accept: "application/json" } });
  if (!answer.ok) { toast(await answer.text(), { bad: true }); return; }
  model.coloring = await answer.json();
  showLegend();
  outline.refresh();
  icicle.draw();
}

function showLegend() {
  const { coloring } = model;
  $("legend").querySelector("[data-low]").textContent = numberText(coloring.low, coloring.signed);
  $("legend").querySelector("[data-high]").textContent = numberText(coloring.high, coloring.signed);
  for (const swatch of $("legend").querySelectorAll("[class^=heat-neg]")) swatch.hidden = !coloring.signed;
  $("legend-text").textContent = coloring.caption;
  $("legend-text").title = coloring.explained;
  $("credit-head").textContent = coloring.label;
  $("color-by").value = coloring.key;
}

function move(by) {
  const { rows, rowOf } = model;
  const row = Math.max(0, Math.min(rows.length - 1, rowOf[position()] + by));
  if (rows[row] !== position()) select(rows[row]);
}

function fold(closed) {
  const p = position();
  if (model.toggle(p, closed)) { outline.refresh(); outline.select(p); folded(); return; }
  if (!closed && model.children[p]) select(p + 1);
  if (closed && model.parent[p] > 0) select(model.parent[p]);
}

function jumpUnlabelled(way) {
  const p = model.unlabelled(position(), way);
  if (p < 0) announce("Every step has your label");
  else select(p, { push: true });
}

function form() {
  const found = document.querySelector("#reader .stepcard.current form[data-label-form]");
  return found && found.dataset.step === state.step ? found : null;
}

function rate(rating) {
  if (config.mayLabel) labels.save(Number(state.step), { rating });
  else toast("Your role may look, not label. Ask an owner of the project.", { bad: true });
}

/** One letter judges a step and goes on: along the shown path, and from its end to the next step
    without a label. A click stays: the buttons would move away under the pointer. */
async function rateAndGoOn(rating) {
  rate(rating);
  if (!config.mayLabel) return;
  const p = judged = position();
  if (!goesOn()) return;
  if (model.children[p] && model.toward(p, followed()) < 0) await reader.busy;
  if (position() !== p) return;
  const next = model.toward(p, followed());
  if (next > 0) select(next);
  else jumpUnlabelled(1);
}

/** Fast keys wait for their turn: each judges the step that the one before it went on to. */
function rateByKey(rating) {
  turn = turn.then(() => rateAndGoOn(rating));
}

/** Where the trace ends that the path shows. */
function followed() {
  return model.at.get(Number(state.trace)) ?? -1;
}

async function openExtras(name) {
  await reader.busy;
  const details = form()?.querySelector("details");
  if (!details) return;
  details.open = true;
  details.querySelector(`[name=${name}]`).focus();
}

async function showSiblings() {
  const url = urls.siblings.replace("/steps/0/", `/steps/${state.step}/`);
  await globalThis.htmx.ajax("GET", url + writeQuery(state), { target: "#siblings", swap: "innerHTML" });
  openDialog($("siblings-dialog"));
}

function escape(event) {
  if (event.target === $("find")) find.clear();
  $("outline").focus({ preventScroll: true });
}

const actions = {
  down: () => move(1),
  up: () => move(-1),
  pageDown: () => move(outline.page),
  pageUp: () => move(-outline.page),
  first: () => move(-model.n),
  last: () => move(model.n),
  open: () => fold(false),
  close: () => fold(true),
  nextUnlabelled: () => jumpUnlabelled(1),
  previousUnlabelled: () => jumpUnlabelled(-1),
  nextSibling: () => select(model.sibling(position(), 1), { push: true }),
  previousSibling: () => select(model.sibling(position(), -1), { push: true }),
  rateWrong: () => rateByKey("-1"),
  rateNeutral: () => rateByKey("0"),
  rateRight: () => rateByKey("1"),
  rateUnsure: () => rateByKey("unsure"),
  lastJudged: () => { if (judged > 0) select(judged, { push: true }); },
  errorType: () => openExtras("error_type"),
  note: () => openExtras("note"),
  undo: () => labels.undo(false),
  redo: () => labels.undo(true),
  siblings: showSiblings,
  heat: () => reader.toggleHeat(),
  reference: () => { const box = $("reference"); if (box) box.open = !box.open; },
  find: () => $("find").focus(),
  nextHit: () => find.step(position(), 1),
  previousHit: () => find.step(position(), -1),
  help: () => openDialog($("keys-dialog")),
  escape,
};

function clicked(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const hit = event.target.closest("[data-action], a[data-nav], [data-zoom], [data-pane], #trail [data-pos], .stepcard:not(.current)");
  if (!hit || (hit.matches(".stepcard") && event.target.closest("a, button, summary"))) return;
  if (hit.matches(".stepcard")) { if (!String(getSelection())) go({ step: hit.dataset.step, before: "" }); return; }
  event.preventDefault();
  if (hit.dataset.action) actions[hit.dataset.action](event);
  else if (hit.dataset.zoom) icicle.zoom(hit.dataset.zoom === "in" ? 0.5 : 2);
  else if (hit.dataset.pane) showPane(hit.dataset.pane);
  else if (hit.dataset.pos) select(Number(hit.dataset.pos), { push: true });
  else follow(hit);
}

function follow(link) {
  link.closest("dialog")?.close();
  const said = new URL(link.href).searchParams;
  const changes = { before: said.get("before") ?? "" };
  for (const name of ["step", "by", "model", "trace"]) if (said.has(name)) changes[name] = said.get(name);
  if (link.closest(".tabs")) changes.tab = said.get("tab") ?? "";
  go(changes);
}

function showPane(name) {
  $("main").dataset.show = name;
  for (const button of document.querySelectorAll("[data-pane]")) button.setAttribute("aria-pressed", String(button.dataset.pane === name));
}

function submitted(event) {
  const target = event.target.closest("form[data-label-form]");
  if (!target) return;
  event.preventDefault();
  if (event.submitter?.name === "rating") rate(event.submitter.value);
}

function changed(event) {
  const { target } = event;
  if (target === $("color-by")) go({ by: target.value });
  if (!target.matches("[data-autosave]") || !target.form) return;
  const value = target.type === "checkbox" ? (target.checked ? "1" : "") : target.value;
  const fields = { [target.name]: value };
  if (target.name === "note") fields.realises_error = target.form.realises_error.checked ? "1" : "";
  labels.save(Number(target.form.dataset.step), fields);
}

async function boot() {
  for (const part of document.querySelectorAll(".map, .find, .pane-tabs")) part.hidden = false;
  document.documentElement.classList.add("scripted");
  const answer = await fetch(urls.tree + writeQuery({ by: state.by }), { headers: { Accept: "application/json" } });
  if (!answer.ok) { toast(`The tree did not load: ${await answer.text()}`, { bad: true }); return; }
  model = new TreeModel(await answer.json());
  if (model.n < 2) return;
  if (state.fold) model.setFoldText(state.fold);
  model.reveal(position());
  outline.attach(model);
  icicle.attach(model);
  find.attach(model);
  showLegend();
  labels = new Labels(config, model, {
    show(p) { outline.refreshRow(p); icicle.draw(); },
    goTo: (id) => go({ step: String(id) }, { push: false }),
    reload: () => reader.load(state),
  });
  outline.select(position());
  icicle.select(position());
  writeUrl(state);
  reader.tune();
  listen(config.keys, "#main, .crumbs, .foot, .pane-tabs", actions);
  if (document.activeElement === document.body) $("outline").focus({ preventScroll: true });
  document.documentElement.dataset.ready = "1";
}

document.addEventListener("click", clicked);
document.addEventListener("submit", submitted);
document.addEventListener("change", changed);
document.addEventListener("outcomes-changed", () => { recolor(); reader.load(state); });
addEventListener("popstate", () => go(readUrl(location.search), { push: false }));
boot();
