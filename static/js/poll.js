// Live fragments (`data-poll`, with hx-trigger="poll") ask again every two seconds, but only while
// somebody looks; after five minutes without a key or a pointer, every ten. A fragment that comes
// back without `data-poll` has ended and rests; one in which somebody chooses something waits.
const EVERY = 2000;
const IDLE_AFTER = 300000;
const IDLE_TICKS = 5;
let touched = Date.now();
let tick = 0;

function ask() {
  for (const live of document.querySelectorAll("[data-poll]")) {
    const inUse = document.activeElement.matches("select, input") && live.contains(document.activeElement);
    if (!inUse) htmx.trigger(live, "poll");
  }
}

function beat() {
  tick += 1;
  if (document.visibilityState !== "visible") return;
  if (Date.now() - touched > IDLE_AFTER && tick % IDLE_TICKS) return;
  ask();
}

for (const name of ["keydown", "pointermove", "pointerdown"]) {
  document.addEventListener(name, () => { touched = Date.now(); }, { passive: true });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") ask();
});
setInterval(beat, EVERY);
