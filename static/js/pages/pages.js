// Small manners of the pages: copy buttons, the size check before an upload, upload progress,
// focus on the first error, formulas.
import { announce, toast } from "../shared/app.js";
import { typeset } from "../shared/math.js";

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = "Copied";
    announce("Copied");
  } catch {
    getSelection().selectAllChildren(source);
    toast("Selected; press Ctrl C to copy.");
  }
}

function megabytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

function checkSize(input) {
  const files = [...input.files];
  const limit = Number(input.dataset.limit);
  const large = files.find((file) => file.size > limit);
  input.setCustomValidity(large ? `${large.name} has ${megabytes(large.size)}; at most ${megabytes(limit)} are allowed.` : "");
  const total = megabytes(files.reduce((sum, file) => sum + file.size, 0));
  const names = files.length > 1 ? `${files.length} files` : files[0]?.name;
  document.getElementById("file-said").textContent = files.length ? `${names}, ${total}` : "";
  if (large) input.reportValidity();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=file][data-limit]")) checkSize(event.target);
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const { form = event.target } = event;
  const button = form.querySelector("[data-busy]");
  if (!button || event.defaultPrevented) return;
  // After this event, so that the pressed button's own value is still sent.
  setTimeout(() => { button.disabled = true; button.textContent = button.dataset.busy; });
});
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => typeset(target?.isConnected ? target : document.body));
typeset(document.body);

addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// Tabs that do not fit are scrolled: the one that is open is the one to be seen.
for (const tabs of document.querySelectorAll(".tabs, .strip")) {
  const open = tabs.querySelector("[aria-current], [aria-selected=true]");
  const past = open ? open.getBoundingClientRect().right - tabs.getBoundingClientRect().right : 0;
  if (past > 0) tabs.scrollLeft += past + 16;
}

// Once the browser has gone to the fragment of the address, which would take the focus again.
addEventListener("load", () => {
  const wrong = document.querySelector("[aria-invalid=true], .notice-bar[tabindex]");
  wrong?.focus();
  wrong?.closest(".field")?.scrollIntoView({ block: "nearest" }); // what is wrong stands below the control
});
