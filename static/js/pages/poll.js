// Live fragments (`data-poll`, with hx-trigger="poll") ask again every two seconds, those with a number
// at every so manieth beat, but only while somebody looks; after five minutes without a key or a pointer,
// every ten. A fragment that comes back without `data-poll` has ended and rests, and the others ask at
// once; one in which somebody chooses something waits.
import { toast } from "../shared/app.js";

const EVERY = 2000;
const IDLE_AFTER = 300000;
const IDLE_TICKS = 5;
let touched = Date.now();
let tick = 0;
let before = 0;

function ask(all) {
  const found = [...document.querySelectorAll("[data-poll]")];
  const due = (live) => all || found.length < before || tick % (Number(live.dataset.poll) || 1) === 0;
  for (const live of found.filter(due)) {
    const inUse = document.activeElement.matches("select, input") && live.contains(document.activeElement);
    if (!inUse) htmx.trigger(live, "poll");
  }
  before = found.length;
}

function beat() {
  tick += 1;
  if (document.visibilityState !== "visible") return;
  if (Date.now() - touched > IDLE_AFTER && tick % IDLE_TICKS) return;
  ask(false);
}

for (const name of ["keydown", "pointermove", "pointerdown"]) {
  document.addEventListener(name, () => { touched = Date.now(); }, { passive: true });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") ask(true);
});
// Nobody is led away from a page, and from what they write there, by a part that asks again by itself.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail;
  if (!elt.matches("[data-poll]") || !xhr.getResponseHeader("HX-Redirect")) return;
  event.preventDefault();
  elt.removeAttribute("data-poll");
  toast("Your session has ended. Sign in again in another tab, then reload this page.", { bad: true });
});
setInterval(beat, EVERY);
