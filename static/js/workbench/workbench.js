// Puts the workbench together: one state (step, colours, tab, folds), shown by outline, map and
// reader, kept in the URL.

import { announce, openDialog, toast } from "../shared/app.js";
import { listenForms } from "../shared/forms.js";
import { goesOn, Keys } from "../shared/keys.js";
import { Labels } from "./labels.js";
import { loadExtras, loadPanel, loadPaper } from "./lazy.js";
import { changesOf, showPane, toTree } from "./links.js";
import { Outline } from "./outline.js";
import { Reader } from "./reader.js";
import { TreeModel } from "./tree_model.js";
import { readUrl, writeQuery, writeUrl } from "../shared/url_state.js";

const config = JSON.parse(document.getElementById("config").textContent);
const $ = (id) => document.getElementById(id);
const { urls } = config;
const here = readUrl(location.search);
const state = { ...here, step: String(config.step || ""), by: here.by || config.by };

let model, labels;
let icicle, spans, find, colors; // after the first view
let judged = -1; // the step that a key rated last
let turn = Promise.resolve();
let leave = () => {}; // ends a turn that waits for a path nobody looks at any more
const outline = new Outline($("outline"), {
  textsUrl: urls["step-texts"],
  trail: $("trail"),
  onSelect(p) {
    if (spans.picking) { spans.to(p, position()); return; }
    select(p, { push: true });
    toTree();
  },
  onExtend: (p) => { if (config.mayLabel) spans.to(p, position()); },
  onFold: folded,
});
const reader = new Reader(urls.problem, {
  arrived() {
    if (reader.trace !== "0") state.trace = reader.trace;
    colors?.arrived();
    labels?.arrived();
    spans?.paint();
  },
});
const position = () => model.at.get(Number(state.step)) ?? 0;

function folded() { state.fold = model.foldText(); writeUrl(state); }

function stand(p, push) {
  outline.select(p);
  icicle.select(p);
  writeUrl(state, { push });
}

/** Go to a step: its row and map at once, path and inspector as soon as the server answers. */
function select(p, { push = false, load = true } = {}) {
  if (!(p > 0)) return;
  leave();
  spans.leave();
  state.step = String(model.ids[p]);
  state.before = "";
  if (model.reveal(p)) { state.fold = model.foldText(); outline.refresh(); }
  stand(p, push);
  if (load) reader.load(state);
}

/** Show what a link says, or what Back and Forward restore. */
function go(changes, { push = true } = {}) {
  const before = { ...state };
  leave();
  spans.leave();
  Object.assign(state, changes);
  if (state.fold !== before.fold) { model.setFoldText(state.fold); outline.refresh(); }
  if (state.find !== before.find) { $("find").value = state.find; find.search(); }
  const recolored = state.by !== before.by || state.scale !== before.scale ? colors.load() : null;
  const p = position() || 1;
  state.step = String(model.ids[p]);
  if (model.reveal(p)) outline.refresh();
  stand(p, push);
  // The tree is what a change of colours is for: the path follows once it is painted.
  if (recolored) recolored.finally(() => { writeUrl(state); reader.load(state); });
  else reader.load(state);
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

function rate(rating) {
  if (reader.lost) toast("The step is not on the screen yet and takes no rating.", { bad: true });
  else if (config.mayLabel) labels.save(Number(state.step), { rating });
  else toast("Your role may look, not label. Ask an owner of the project.", { bad: true });
}

/** One letter judges a step and goes on: along the shown path, and from its end to the next step
    without a label. A click stays: the buttons would move away under the pointer. */
async function rateAndGoOn(rating) {
  rate(rating);
  if (!config.mayLabel || reader.lost) return;
  const p = judged = position();
  if (!goesOn()) return;
  if (model.children[p] && model.toward(p, followed()) < 0) await Promise.race([reader.busy, new Promise((done) => { leave = done; })]);
  if (position() !== p) return;
  const next = model.toward(p, followed());
  if (next > 0) select(next);
  else jumpUnlabelled(1);
}

/** Fast keys wait for their turn: each judges the step that the one before it went on to. */
function rateByKey(rating) {
  if (!spans.open) turn = turn.then(() => rateAndGoOn(rating)).catch((error) => toast(error.message, { bad: true }));
  else if (rating === "unsure") announce("A span is rated −1, 0 or +1");
  else spans.rate(rating);
}

function extendSpan(way) {
  if (!config.mayLabel) return;
  spans.extend(way, position(), model.at.get(Number(reader.trace)) ?? -1);
}

/** Where the trace ends that the path shows. */
const followed = () => model.at.get(Number(state.trace)) ?? -1;

/** Act on the chosen step once the keys before have had their say and the page shows it. */
function onStep(load, act) {
  return async (event, patience) => {
    await turn;
    await labels.undone;
    await (spans.open ? spans.loaded : reader.busy);
    const script = await load();
    if (!patience?.aborted) await act(script, patience);
  };
}

const panel = (name) => onStep(loadPanel, ({ openPanel }, patience) => openPanel(urls, name, state.step, patience));
const extras = (name) => onStep(loadExtras, ({ openExtras }) => {
  if (spans.open) document.querySelector(`#span-bar [name=${name}]`)?.focus();
  else openExtras(state.step, name);
});

function escape(event) {
  spans.leave();
  if (event.target === $("find")) find.clear();
  toTree();
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
  span: () => spans.begin(position()),
  spanDown: () => extendSpan(1),
  spanUp: () => extendSpan(-1),
  clearSpan: () => { if (spans.open) spans.rate("clear"); },
  errorType: extras("error_type"),
  note: extras("note"),
  realisesError: onStep(loadExtras, ({ turnRealises }) => turnRealises(state.step, (id, fields) => labels.save(id, fields))),
  alternative: panel("alternative"),
  comments: panel("comments"),
  flag: panel("flag"),
  undo: () => labels.undo(false),
  redo: () => labels.undo(true),
  siblings: onStep(loadExtras, ({ showSiblings }, patience) => showSiblings(urls.siblings, state, patience)),
  heat: () => reader.toggleHeat(),
  reference: () => { const box = $("reference"); if (box) box.open = !box.open; },
  colors: (_, patience) => colors.pick(patience),
  scale: () => colors.turnScale(),
  find: () => { showPane("tree"); $("find").focus(); $("find").select(); },
  nextHit: () => find.step(position(), 1),
  previousHit: () => find.step(position(), -1),
  help: () => openDialog($("keys-dialog")),
  escape,
};
const keys = new Keys(config.keys, actions);

function clicked(event) {
  const card = event.target.closest("#reader .stepcard");
  if (card && config.mayLabel && (event.shiftKey || (spans?.picking && !card.matches(".current")))) { getSelection().removeAllRanges(); spans.to(Number(card.dataset.pos), position()); return; }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const hit = event.target.closest("[data-action], a[data-nav], [data-zoom], [data-pane], [data-span], #trail [data-pos], .stepcard:not(.current)");
  if (!hit || (hit.matches(".stepcard") && event.target.closest("a, button, summary"))) return;
  if (hit.matches(".stepcard")) { if (!String(getSelection())) go({ step: hit.dataset.step, before: "" }); return; }
  event.preventDefault();
  if (hit.dataset.action) keys.run(hit.dataset.action, event);
  else if (hit.dataset.zoom) icicle.zoom(hit.dataset.zoom === "in" ? 0.5 : 2);
  else if (hit.dataset.pane) showPane(hit.dataset.pane);
  else if (hit.dataset.span) spans.choose(...hit.dataset.span.split(" ").map(Number));
  else if (hit.dataset.pos) select(Number(hit.dataset.pos), { push: true });
  else go(changesOf(hit));
}

/** Draw the person's spans as the server has them, and the bar of the chosen one. */
function spansChanged(marks, bar) {
  model.setSpans(marks);
  outline.refresh();
  if (bar) spans.drawBar(bar);
  reader.load(state);
}

/** The parts that come after the first view. */
function furnish(Find, Colors) {
  find = new Find($("find"), $("found"), {
    urls,
    state,
    onQuery(text) { if (text !== state.find) { state.find = text; writeUrl(state); } },
    onHits(hits) {
      outline.hits = new Set(hits);
      icicle.hits = hits;
      if (model) { outline.refresh(); icicle.mark(); }
    },
    onSelect(p, way) {
      if (p === null) find.step(position(), way);
      else { select(p, { push: true }); toTree(); }
    },
  });
  colors = new Colors(urls, state, {
    go: (changes) => go(changes),
    repaint() { outline.refresh(); icicle.draw(); find.recolored(); },
  });
}

async function boot() {
  for (const part of document.querySelectorAll(".map, .find, .pane-tabs")) part.hidden = false;
  document.documentElement.classList.add("scripted");
  const asked = fetch(urls.tree + writeQuery({ by: state.by, scale: state.scale, trace: state.trace }), { headers: { Accept: "application/json" } });
  const rest = [import("./icicle.js"), import("../shared/spans.js"), import("./find.js"), import("./colors.js")]; // the page stands before
  const [answer, { Icicle }, { Spans }, { Find }, { Colors }] = await Promise.all([asked, ...rest]);
  if (!answer.ok) { toast(`The tree did not load: ${await answer.text()}`, { bad: true }); return; }
  model = new TreeModel(await answer.json());
  if (model.n < 2) return;
  if (state.fold) model.setFoldText(state.fold);
  model.reveal(position());
  icicle = new Icicle($("icicle"), $("map-tip"), { onSelect: (p) => select(p, { push: true }) });
  spans = new Spans(model, {
    url: (first, last) => `${urls.span.replace("/steps/0/", `/steps/${first}/`)}?last=${last}`,
    save: (id, fields) => labels.saveSpan(id, fields),
    draw() { outline.refresh(); spans.paint(); },
  });
  furnish(Find, Colors);
  outline.attach(model);
  icicle.attach(model);
  colors.attach(model);
  find.attach(model);
  labels = new Labels(config, model, {
    show(p) { outline.refreshRow(p); find.forget(); },
    goTo: (id) => go({ step: String(id) }, { push: false }),
    reload: () => reader.load(state),
    onSpans: spansChanged,
  });
  outline.select(position());
  icicle.select(position());
  writeUrl(state);
  reader.tune();
  keys.listen("#main, .crumbs, .foot, .pane-tabs, #span-bar");
  if (document.activeElement === document.body) toTree();
  document.documentElement.dataset.ready = "1";
  requestIdleCallback(() => { loadPaper(outline, icicle); loadExtras().catch(() => {}); }); // ready when asked for
}

document.addEventListener("click", clicked);
listenForms({
  rate,
  rateSpan: (rating) => spans.rate(rating),
  spanField: (field) => spans.sendField(field),
  save: (id, fields) => labels.save(id, fields),
});
document.addEventListener("talk-changed", () => reader.load(state));
document.addEventListener("outcomes-changed", () => { find.forget(); colors.load(); reader.load(state); });
addEventListener("popstate", () => go(readUrl(location.search), { push: false }));
boot();
