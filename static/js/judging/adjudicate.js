// A case by keyboard: 1–4 choose a rating, n writes the reason, Enter sends; while somebody types only
// Control+Enter does. The board of a ranking has keys of its own.

import { TYPING } from "../shared/typing.js";

const LETTERS_OFF = "tracewood.letters-off";
const form = document.getElementById("decide");

function choose(key) {
  const chosen = form.querySelector(`[data-key="${key}"]`);
  if (!chosen) return false;
  chosen.checked = true;
  chosen.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.repeat || target.matches(TYPING)) return;
  if (key === "Enter") {
    if (target.closest("button, a[href], summary")) return;
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (key.length === 1 && localStorage.getItem(LETTERS_OFF) === "1") return;
  if (/^[1-4]$/.test(key) && choose(key)) event.preventDefault();
  if (key === "n" && form.elements.reason) {
    event.preventDefault();
    form.elements.reason.focus();
  }
});
document.documentElement.dataset.ready = "1";
