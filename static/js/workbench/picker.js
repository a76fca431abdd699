// The picker of colours: a list of methods that is searched by typing, and the chosen one's settings.

import { announce, openDialog } from "../shared/app.js";

const dialog = document.getElementById("colors-dialog");
const body = document.getElementById("colors");
let choose = () => {};

const $ = (id) => document.getElementById(id);
const options = () => [...body.querySelectorAll("[role=option]")];
const shown = () => options().filter((option) => !option.hidden);
const active = () => $(($("color-search").getAttribute("aria-activedescendant")));
const formOf = (option) => body.querySelector(`form[data-for="${CSS.escape(option.dataset.key)}"]`);

/** Open the picker that the server draws; `take(by)` is called with what is chosen. */
export async function openPicker(url, take, patience) {
  choose = take;
  body.replaceChildren();
  await globalThis.htmx.ajax("GET", url, { target: body, swap: "innerHTML" });
  if (!$("color-search") || patience?.aborted) return; // refused: the reason is in the corner
  openDialog(dialog);
  $("color-search").focus();
  const sheet = body.querySelector("link");
  if (!sheet.sheet) await new Promise((done) => { sheet.onload = sheet.onerror = done; }); // or it scrolls to nowhere
  if ($("color-search").value) filter(); // somebody was faster
  else point(options().find((option) => option.ariaSelected === "true") ?? options()[0]);
}

/** Make an option the one that Enter takes, with its settings beside the list. */
function point(option) {
  active()?.classList.remove("active");
  for (const form of body.querySelectorAll("form[data-for]")) form.hidden = true;
  if (!option) { $("color-search").removeAttribute("aria-activedescendant"); return; }
  option.classList.add("active");
  $("color-search").setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
  formOf(option).hidden = false;
}

function filter() {
  const words = $("color-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const group of body.querySelectorAll("[role=group]")) {
    const heading = group.querySelector("h3").textContent; // a family, or what all below it lack
    for (const option of group.querySelectorAll("[role=option]")) {
      const text = `${heading} ${option.dataset.family} ${option.dataset.key} ${option.textContent}`.toLowerCase();
      option.hidden = !words.every((word) => text.includes(word));
    }
    group.hidden = ![...group.querySelectorAll("[role=option]")].some((option) => !option.hidden);
  }
  const left = shown();
  const usable = left.filter((option) => option.ariaDisabled !== "true");
  $("color-count").textContent = left.length ? `${usable.length} of ${left.length} have what they need here` : "No method fits. Backspace, or Esc to close.";
  point(words.length ? best(left, words.join(" ")) : active() ?? left[0]);
}

/** What is most likely meant: a name before what only speaks of it, and what can be shown first. */
function best(list, words) {
  const rank = (option) => {
    const name = option.querySelector("b").textContent.toLowerCase();
    const match = name === words || option.dataset.key === words ? 0 : name.startsWith(words) ? 1 : name.includes(words) ? 2 : 3;
    return 2 * match + (option.ariaDisabled === "true" ? 1 : 0);
  };
  return list.reduce((found, option) => (found && rank(found) <= rank(option) ? found : option), undefined);
}

/** The key of a choice as the server writes it: only what is not at its default. */
function keyOf(form) {
  const params = [...form.elements].filter(({ name, value, dataset }) => name && name !== "@" && value.trim() !== dataset.default);
  const words = params.map(({ name, value }) => `${name}=${encodeURIComponent(value.trim())}`).join(",");
  const source = form.elements["@"]?.value;
  return form.dataset.for + (words && `:${words}`) + (source ? `@${source}` : "");
}

function take(option) {
  if (!option) return;
  const form = formOf(option);
  if (option.ariaDisabled === "true") { announce(form.querySelector(".notice-bar").textContent); return; }
  for (const field of form.querySelectorAll("[data-number]")) {
    field.setCustomValidity(Number.isFinite(Number(field.value.trim() || "x")) ? "" : `Write ${field.placeholder}.`);
  }
  if (!form.reportValidity()) return;
  dialog.close();
  choose(keyOf(form));
}

function move(event) {
  const list = shown();
  const at = list.indexOf(active());
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8, Home: event.ctrlKey ? 0 : null, End: event.ctrlKey ? list.length - 1 : null }[event.key];
  if (to === null || to === undefined) return false;
  point(list[Math.max(0, Math.min(list.length - 1, to))]);
  return true;
}

body.addEventListener("input", ({ target }) => {
  if (target.id === "color-search") filter();
  else target.setCustomValidity?.("");
});
body.addEventListener("keydown", (event) => {
  if (event.target.id !== "color-search") return;
  if (event.key === "Enter") take(active());
  else if (!move(event)) return;
  event.preventDefault();
});
body.addEventListener("click", ({ target }) => {
  const option = target.closest("[role=option]");
  if (!option) return;
  // A method with settings shows them first; a second click, or Show, takes it.
  const again = option === active() || !formOf(option).querySelector("select, input");
  point(option);
  if (again) take(option);
});
body.addEventListener("submit", (event) => {
  event.preventDefault();
  take(active());
});
