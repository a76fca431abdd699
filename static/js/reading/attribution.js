// The tokens of a path: exact numbers under the pointer and the keys, and the line that goes with them.

import { announce, openDialog } from "../shared/app.js";
import { Keys } from "../shared/keys.js";
import { painted } from "../shared/paint.js";
import { RewardLine } from "./reward_line.js";
import { TokenText, edges, owners } from "./token_text.js";

const MINUS = "−";
const DIGITS = 4;
const STEP_DIGITS = 3;
const config = JSON.parse(document.getElementById("config").textContent);
const $ = (id) => document.getElementById(id);

let numbers = null;
let text = null;
let unitOf = null; // of each token
let firstOf = null; // of each unit, its first token
let order = null; // units from the strongest to the weakest, once somebody asks
let kept = null; // the text while the server sends new colours for it
let strong = -1;
let at = -1;
let line = null;

function number(value, digits = numbers.digits ?? DIGITS) {
  if (value === null) return "–";
  const size = Math.abs(value).toFixed(digits);
  if (Number(size) === 0) return size;
  const plus = numbers.signed === false ? "" : "+";
  return `${value < 0 ? MINUS : plus}${size}`;
}

/** The numbers of the page, with the units of its tokens. */
function told() {
  const element = $("numbers");
  numbers = element ? JSON.parse(element.textContent) : null;
}

/** The pieces of a unit stand side by side. */
function piecesOf(unit) {
  return [firstOf[unit], firstOf[unit + 1] - 1];
}

function words(token) {
  const unit = unitOf[token];
  const [first, last] = piecesOf(unit);
  const spelled = text.spelled(first, last);
  const shown = spelled.replaceAll("\n", "⏎").replaceAll(" ", "␣");
  const short = shown.length > 60 ? `${shown.slice(0, 59)}…` : shown;
  const name = spelled ? `${numbers.grain} “${short}”` : "mark of the layout";
  const value = numbers.sums[unit];
  const said = value === null ? "no value" : number(value);
  const place = `Step ${text.stepOf[token] + 1}, ${name}`;
  if (numbers.signal) return `${place}: ${said} · ${numbers.signal}`;
  // Of the running reward, which is free, the credits so far are what the model said there; of other methods they are a sum.
  const sum = numbers.free ? "reward after it" : "f(baseline) and credits so far";
  return `${place}: ${said} · ${sum} ${number(numbers.line[last])}`;
}

/** Go to a token: mark it, say its number, and put the cursor of the line there. */
function point(token, { scroll = false, fromLine = false } = {}) {
  if (token === at || token < 0 || token >= text.size) return;
  if (at >= 0) text.span(at).classList.remove("pointed");
  at = token;
  const span = text.span(at);
  span.classList.add("pointed");
  if (scroll) span.scrollIntoView({ block: "nearest" });
  $("token-readout").textContent = words(at);
  if (!fromLine) line?.point(at);
}

function move(by) {
  point(Math.min(Math.max(at + by, 0), text.size - 1), { scroll: true });
}

/** Go to the first token of the next step that has one. */
function step(by) {
  const here = text.stepOf[Math.max(at, 0)];
  let wanted = at < 0 ? here : here + by;
  const known = () => wanted >= 0 && wanted < text.blocks.length;
  while (known() && text.first[wanted] === text.first[wanted + 1]) wanted += by;
  if (known()) point(text.first[wanted], { scroll: true });
}

function strongest(by) {
  order ??= numbers.sums.map((value, unit) => [Math.abs(value), unit]).filter(([, unit]) => numbers.sums[unit] !== null && firstOf[unit] < firstOf[unit + 1]).sort(([a], [b]) => b - a).map(([, unit]) => unit);
  strong = Math.min(Math.max(strong + by, 0), order.length - 1);
  if (order.length) point(firstOf[order[strong]], { scroll: true });
}

/** Go on to the next size of unit, as the list above the text does. */
function grain() {
  const list = $("choose-by");
  list.selectedIndex = (list.selectedIndex + 1) % list.options.length;
  list.dispatchEvent(new Event("change", { bubbles: true }));
  announce(`By ${list.selectedOptions[0].text}`);
}

/** The text that was on screen, in the place of the new one without text: its colours and sums change. */
function recolor() {
  const fresh = $("token-text");
  for (const name of ["class", "aria-label"]) kept.setAttribute(name, fresh.getAttribute(name));
  fresh.replaceWith(kept);
  told();
  text.recolor(numbers);
}

/** Give the keys to the text unless somebody is elsewhere. */
function listen() {
  if (document.activeElement === document.body) ($("token-text") ?? $("main")).focus({ preventScroll: true });
}

async function start({ sameText = false } = {}) {
  line?.close();
  line = order = null;
  if (at >= 0) text?.span(at).classList.remove("pointed");
  at = strong = -1;
  if (sameText) recolor();
  else {
    text?.close();
    text = null;
    told();
  }
  if (!numbers) return;
  text ??= new TokenText($("token-text"), JSON.parse($("cut").textContent), numbers, (value) => number(value, numbers.digits ?? STEP_DIGITS));
  const units = numbers.units ?? new Uint8Array(text.size).fill(1);
  unitOf = owners(units, text.size);
  firstOf = edges(units);
  const box = $("line");
  await painted(); // the text first
  if (box.isConnected) line = new RewardLine(box, { ...numbers, first: text.first }, (token) => point(token, { fromLine: true }));
}

document.addEventListener("pointerover", ({ target }) => {
  const token = target.closest?.("#token-text .t");
  if (token) point(Number(token.dataset.i));
});
document.addEventListener("theme", () => line?.redraw());
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const shown = $("token-text");
  if (shown) detail.headers["X-Kept-Pieces"] = shown.dataset.pieces;
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.target.matches("#attribution") || detail.isError) return;
  kept = $("token-text");
  kept?.replaceWith(document.createElement("div"));
});
// Told once for each part that came: the strip of the problem's pages, which comes along, is none of ours.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (!$("attribution")?.contains(target)) return;
  const sameText = Boolean(kept && $("token-text")?.hasAttribute("data-kept"));
  start({ sameText });
  kept = null;
  listen();
});

// Back and Forward bring the page without the scripts that drew it.
document.addEventListener("htmx:historyRestore", () => {
  kept = null;
  start();
  listen();
});

const inText = (action) => () => (numbers ? action() : undefined);
new Keys(config.keys, {
  nextToken: inText(() => move(1)),
  previousToken: inText(() => move(-1)),
  nextStep: inText(() => step(1)),
  previousStep: inText(() => step(-1)),
  firstToken: inText(() => point(0, { scroll: true })),
  lastToken: inText(() => point(text.size - 1, { scroll: true })),
  strongest: inText(() => strongest(1)),
  lessStrong: inText(() => strongest(-1)),
  grain,
  help: () => openDialog($("keys-dialog")),
}).listen("#token-text, #main:focus, .foot");

start();
listen();
document.documentElement.dataset.ready = "1";
