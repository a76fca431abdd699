// What every page needs: theme, toasts, the polite live region, dialogs, and htmx failures in words.

const THEMES = ["light", "dark"];

/** Say something to screen readers; repeats are announced again. */
export function announce(text) {
  const status = document.getElementById("status");
  status.textContent = "";
  requestAnimationFrame(() => { status.textContent = text; });
}

/** Show a message in the corner in place of an older one of its kind; failures stay until dismissed. */
export function toast(text, { bad = false, kind = text } = {}) {
  const made = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  made.classList.toggle("bad", bad);
  made.dataset.kind = kind;
  made.querySelector("p").textContent = text;
  const corner = document.getElementById("toasts");
  [...corner.children].find((other) => other.dataset.kind === kind)?.remove();
  corner.append(made);
  announce(text);
  if (!bad) setTimeout(() => made.remove(), 5000);
}

function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (THEMES.includes(chosen)) return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function toggleTheme() {
  const next = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
  document.dispatchEvent(new CustomEvent("theme", { detail: next }));
  announce(`${next === "dark" ? "Dark" : "Light"} theme`);
}

const openers = new WeakMap();

/** Open a modal dialog; closing it gives focus back to where it was. The browser does that at once, the
    event comes later: what has taken the focus by then, such as the key after Escape, keeps it. */
export function openDialog(dialog) {
  if (dialog.open) return;
  openers.set(dialog, document.activeElement);
  dialog.showModal();
  dialog.addEventListener("close", () => {
    const { activeElement } = document;
    if (activeElement === document.body || dialog.contains(activeElement)) openers.get(dialog)?.focus?.({ preventScroll: true });
  }, { once: true });
}

document.addEventListener("click", (event) => {
  const hit = event.target.closest("[data-dismiss], [data-theme-toggle], [data-dialog-open], [data-dialog-close], dialog");
  if (!hit) return;
  if (hit.matches("[data-dismiss]")) hit.closest(".toast").remove();
  else if (hit.matches("[data-theme-toggle]")) toggleTheme();
  else if (hit.matches("[data-dialog-open]")) openDialog(document.getElementById(hit.dataset.dialogOpen));
  else if (hit.matches("[data-dialog-close]")) hit.closest("dialog").close();
  else if (hit === event.target) hit.close(); // the backdrop is the dialog itself
});

const REFUSALS = {
  403: "Your role does not allow this.",
  404: "This is no longer there. Reload the page.",
  409: "Somebody else changed this. Reload the page to see it.",
};

/** Say why a request failed; a plain answer speaks for itself, status 0 = there was none. */
export function sayFailure(status, { type, text, id } = {}) {
  const lost = "The server cannot be reached. Nothing was changed; try again.";
  const said = type?.startsWith("text/plain") ? text.trim() : "";
  toast(status ? said || REFUSALS[status] || `The server failed (${status}${id ? `, reference ${id}` : ""}).` : lost, { bad: true });
}

document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  const said = (name) => xhr.getResponseHeader(name);
  sayFailure(xhr.status, { type: said("Content-Type"), text: xhr.responseText, id: said("X-Request-Id") });
});

document.addEventListener("htmx:sendError", () => sayFailure(0));

// The groups of the header open without script; with it they close as a menu does.
const groups = [...document.querySelectorAll("header.top details")];

for (const kind of ["pointerdown", "focusin"]) {
  document.addEventListener(kind, ({ target }) => {
    for (const group of groups) if (!group.contains(target)) group.open = false;
  });
}

document.addEventListener("keydown", (event) => {
  const group = groups.find((one) => one.open);
  if (event.key !== "Escape" || !group) return;
  group.open = false;
  if (group.contains(document.activeElement)) group.querySelector("summary").focus();
  event.stopPropagation();
}, { capture: true });

for (const button of document.querySelectorAll("[data-theme-toggle]")) button.hidden = false;
for (const corner of document.querySelectorAll("#toasts .toast:not(.bad, .error)")) setTimeout(() => corner.remove(), 8000);
