// The tokens of a path: exact numbers under the pointer and the keys, and the line that goes with them.

import { announce, openDialog } from "../shared/app.js";
import { Keys } from "../shared/keys.js";
import { painted } from "../shared/paint.js";
import { RewardLine } from "./reward_line.js";

const MINUS = "−";
const DIGITS = 4;
const config = JSON.parse(document.getElementById("config").textContent);
const $ = (id) => document.getElementById(id);

let numbers = null;
let spans = [];
let order = null; // units from the strongest to the weakest, once somebody asks
let kept = null; // the text while the server sends new colours for it
let strong = -1;
let at = -1;
let line = null;

function number(value) {
  const text = Math.abs(value).toFixed(numbers.digits ?? DIGITS);
  if (Number(text) === 0) return text;
  const plus = numbers.signed === false ? "" : "+";
  return `${value < 0 ? MINUS : plus}${text}`;
}

const LEVELS = ["neg-4", "neg-3", "neg-2", "neg-1", "zero", "pos-1", "pos-2", "pos-3", "pos-4", "none"].map((level) => `heat-${level}`);

/** The pieces of a unit stand side by side. */
function piecesOf(unit) {
  const first = numbers.unit.indexOf(unit);
  return [first, numbers.unit.lastIndexOf(unit)];
}

function words(token) {
  const unit = numbers.unit[token];
  const [first, last] = numbers.grain === "token" ? [token, token] : piecesOf(unit);
  const text = spans.slice(first, last + 1).filter((span) => !span.classList.contains("mark")).map((span) => span.textContent).join("");
  const shown = text.replaceAll("\n", "⏎").replaceAll(" ", "␣");
  const short = shown.length > 60 ? `${shown.slice(0, 59)}…` : shown;
  const name = text ? `${numbers.grain} “${short}”` : "mark of the layout";
  const value = numbers.sums[unit];
  const said = value === null ? "no value" : number(value);
  const place = `Step ${numbers.step[token] + 1}, ${name}`;
  if (numbers.signal) return `${place}: ${said} · ${numbers.signal}`;
  // Of the running reward the credits so far are what the model said there; of other methods they are a sum.
  const sum = $("choose-method")?.value === "running_reward" ? "reward after it" : "f(baseline) and credits so far";
  return `${place}: ${said} · ${sum} ${number(numbers.line[last])}`;
}

/** Go to a token: mark it, say its number, and put the cursor of the line there. */
function point(token, { scroll = false, fromLine = false } = {}) {
  if (token === at || !spans[token]) return;
  spans[at]?.classList.remove("pointed");
  at = token;
  spans[at].classList.add("pointed");
  if (scroll) spans[at].scrollIntoView({ block: "nearest" });
  $("token-readout").textContent = words(at);
  if (!fromLine) line?.point(at);
}

function move(by) {
  point(Math.min(Math.max(at + by, 0), spans.length - 1), { scroll: true });
}

function step(by) {
  const here = numbers.step[Math.max(at, 0)];
  const wanted = at < 0 ? here : here + by;
  const found = numbers.step.indexOf(wanted);
  if (found >= 0) point(found, { scroll: true });
}

function strongest(by) {
  order ??= numbers.sums.map((value, unit) => [Math.abs(value), unit]).filter(([, unit]) => numbers.sums[unit] !== null).sort(([a], [b]) => b - a).map(([, unit]) => unit);
  strong = Math.min(Math.max(strong + by, 0), order.length - 1);
  if (order.length) point(piecesOf(order[strong])[0], { scroll: true });
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
  if (!kept || !fresh?.hasAttribute("data-kept")) return;
  fresh.querySelectorAll(".token-block > header").forEach((header, at) => kept.children[at].querySelector("header").replaceWith(header));
  for (const name of ["class", "aria-label"]) kept.setAttribute(name, fresh.getAttribute(name));
  fresh.replaceWith(kept);
  const before = numbers.levels;
  const { levels } = JSON.parse($("numbers").textContent);
  for (let i = 0; i < levels.length; i += 1) {
    if (levels[i] === before[i]) continue;
    spans[i].classList.replace(levelOf(before[i]), levelOf(levels[i]));
  }
}

function levelOf(letter) {
  return LEVELS[letter.charCodeAt(0) - 97];
}

async function start({ sameText = false } = {}) {
  line?.close();
  line = order = null;
  spans[at]?.classList.remove("pointed");
  at = strong = -1;
  const told = $("numbers");
  numbers = told ? JSON.parse(told.textContent) : null;
  if (!sameText) spans = [...document.querySelectorAll("#token-text .t")];
  if (!numbers) return;
  const box = $("line");
  await painted(); // the text first
  if (box.isConnected) line = new RewardLine(box, numbers, (token) => point(token, { fromLine: true }));
}

document.addEventListener("pointerover", ({ target }) => {
  const token = target.closest?.("#token-text .t");
  if (token) point(Number(token.dataset.i));
});
document.addEventListener("theme", () => line?.redraw());
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const text = $("token-text");
  if (text) detail.headers["X-Kept-Pieces"] = text.dataset.pieces;
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.target.matches("#attribution") || detail.isError) return;
  kept = $("token-text");
  kept?.replaceWith(document.createElement("div"));
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (!detail.target.matches("#attribution") && !$("attribution")?.contains(detail.target)) return;
  const sameText = Boolean(kept && $("token-text")?.hasAttribute("data-kept"));
  if (sameText) recolor();
  kept = null;
  start({ sameText });
  if (document.activeElement === document.body) ($("token-text") ?? $("main")).focus({ preventScroll: true });
});

const inText = (action) => () => (numbers ? action() : undefined);
new Keys(config.keys, {
  nextToken: inText(() => move(1)),
  previousToken: inText(() => move(-1)),
  nextStep: inText(() => step(1)),
  previousStep: inText(() => step(-1)),
  firstToken: inText(() => point(0, { scroll: true })),
  lastToken: inText(() => point(spans.length - 1, { scroll: true })),
  strongest: inText(() => strongest(1)),
  lessStrong: inText(() => strongest(-1)),
  grain,
  help: () => openDialog($("keys-dialog")),
}).listen("#token-text, #main:focus, .foot");

start();
if (document.activeElement === document.body) ($("token-text") ?? $("main")).focus({ preventScroll: true });
document.documentElement.dataset.ready = "1";
