// The board of a case: a reviewer orders the candidates as annotators do, and the form's field says
// the order in letters. Orders that others gave can be taken over.

import { announce, toast } from "../shared/app.js";
import { Keys } from "../shared/keys.js";
import { typeset } from "../shared/math.js";
import * as model from "./ranking_model.js";
import { Moves } from "./ranking_moves.js";
import { readOrder, writeOrder } from "./ranking_notation.js";
import { Board } from "./ranking_view.js";

const config = JSON.parse(document.getElementById("ranking-config").textContent);
const root = document.getElementById("ranking");
const form = document.getElementById("decide");
const field = form.elements.order;
const said = document.getElementById("order-said");
const past = [];
const future = [];
let answer = readOrder(field.value, config.letters);

const board = new Board(root, config, { onDrop: (zones, item) => moves.dropped(zones, item) });
const moves = new Moves(root, board, config, {
  answer: () => answer,
  change,
  draw,
  gate: () => config.gate,
  noGate: () => "This criterion is no gate: nothing can fail it.",
  against(item) {
    const here = new URL(location.href);
    here.searchParams.set("against", item);
    return here;
  },
  actions: {
    undo: () => stepBack(past, future),
    redo: () => stepBack(future, past),
    given,
  },
});

/** Show the answer, and write it into the field that is sent. */
function draw() {
  board.draw(answer, { gate: config.gate, current: moves.current });
  field.value = writeOrder(answer, config.letters);
  said.textContent = field.value || "none yet";
}

function change(next) {
  if (next === answer) return false;
  past.push([answer, moves.current]);
  future.length = 0;
  answer = next;
  return true;
}

function stepBack(from, to) {
  const entry = from.pop();
  if (!entry) { announce("Nothing to undo here"); return; }
  to.push([answer, moves.current]);
  [answer, moves.current] = entry;
  draw();
  announce(board.words(answer, moves.current));
}

function take(order) {
  change(readOrder(order, config.letters));
  draw();
  announce(`Your order: ${order}`);
}

/** Take the next of the orders that were given, the most frequent first. */
function given() {
  const orders = config.given;
  if (orders.length) take(orders[(orders.indexOf(field.value) + 1) % orders.length]);
  else announce("What others gave shows after your own answer");
}

root.addEventListener("click", (event) => moves.click(event));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-order]");
  if (button) take(button.dataset.order);
});
form.addEventListener("submit", (event) => {
  const missing = model.pool(answer, config.items).map((item) => config.letters[item]);
  if (!missing.length) return;
  event.preventDefault();
  toast(`${missing.join(", ")} not ranked yet. Rank them, or press x for what cannot be compared.`, { bad: true });
});

document.documentElement.classList.add("scripted");
field.required = false; // it is out of sight; what is missing is said above
moves.start();
draw();
new Keys(config.keys, moves.actions).listen("body");
typeset(root);
if (document.activeElement === document.body) board.select(moves.current, { focus: true });
document.documentElement.dataset.ready = "1";
