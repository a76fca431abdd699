// The comparison by keyboard: from difference to difference, and the sides swapped.

import { announce, openDialog } from "../shared/app.js";
import { Keys } from "../shared/keys.js";

const config = JSON.parse(document.getElementById("config").textContent);
const $ = (id) => document.getElementById(id);

function rows() {
  return [...document.querySelectorAll(".pair-row[data-differs]")];
}

/** Go to the nearest difference below or above the one with the focus; at the end say so. */
function move(by) {
  const all = rows();
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by];
  if (!next) { announce(all.length ? "No more differences on this page" : "No difference on this page"); return; }
  document.querySelector(".pair-row[aria-current]")?.removeAttribute("aria-current");
  next.setAttribute("aria-current", "true");
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const keys = new Keys(config.keys, {
  nextDifference: () => move(1),
  previousDifference: () => move(-1),
  swap: () => $("swap").click(),
  help: () => openDialog($("keys-dialog")),
});
keys.listen("body");

// The focus was on something that a swap replaced: keep the keys alive.
document.addEventListener("htmx:afterSwap", () => {
  if (document.activeElement === document.body) $("main").focus({ preventScroll: true });
});
document.documentElement.dataset.ready = "1";
