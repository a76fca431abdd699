// The guidelines beside what is judged: i opens and closes them, Escape closes; focus goes back.
// Listens before the surface's own keys, so that the panel works on every surface alike.

import { announce, sayFailure } from "./app.js";
import { TYPING } from "./typing.js";

const LETTERS_OFF = "tracewood.letters-off";
const panel = document.getElementById("guideline-panel");
let opener = null;

async function load() {
  if (panel.dataset.loaded) return true;
  try {
    const response = await fetch(panel.dataset.url, { headers: { "HX-Request": "true" }, redirect: "manual" });
    if (!response.ok) {
      sayFailure(response.status, { type: response.headers.get("Content-Type"), text: await response.text() });
      return false;
    }
    panel.innerHTML = await response.text(); // our own fragment: text of people is escaped on the server
  } catch {
    sayFailure(0);
    return false;
  }
  panel.dataset.loaded = "1";
  return true;
}

async function open() {
  opener = document.activeElement;
  if (!(await load())) return;
  panel.hidden = false;
  panel.querySelector("h2").focus();
  announce("Guidelines");
}

function close() {
  panel.hidden = true;
  opener?.focus?.({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
  if (document.querySelector("dialog[open]") || event.target.matches(TYPING)) return;
  const closing = event.key === "Escape" && panel.contains(event.target);
  if (!closing && (event.key !== "i" || localStorage.getItem(LETTERS_OFF) === "1")) return;
  event.preventDefault();
  event.stopPropagation();
  if (panel.hidden) open(); else close();
}, { capture: true });

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-guidelines-open]")) open();
  if (event.target.closest("[data-guidelines-close]")) close();
});
