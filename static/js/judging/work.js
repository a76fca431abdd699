// The frame of an item: keeps its lease while somebody works, keeps the draft, sends the answer.
//
// A surface inside the frame talks to it by events on the document:
//   work:before-submit  sent by the frame; `detail.wait(promise)` holds the submit until what is on
//                       its way is saved; a rejected promise stops it with the error's message.
//                       Skipping and putting back do not ask: the work need not be complete.
//   work:draft          sent by a surface; `detail` is what to keep, as JSON. `work:draft-now` asks
//                       the frame to send it at once.
//   work:gone           sent by a surface that may no longer save; the frame asks why and says it.
//   work:lost           sent by the frame when the lease is gone.
// The draft of before is JSON in #work-draft.

import { announce, openDialog, toast } from "../shared/app.js";
import { isCombined, TYPING } from "../shared/typing.js";

const PRESSABLE = "button, a[href], summary, [role=button], label";
const DRAFT_WAIT = 800;
const LATE = "The server does not answer. Your work is kept here; the item stays yours while its lease lasts.";

const bar = document.getElementById("workbar");
const { "X-CSRFToken": csrf } = JSON.parse(document.body.getAttribute("hx-headers"));
const warnAt = Math.min(60, Number(bar.dataset.lease) / 3);
const opened = performance.now();
let ends = performance.now() + Number(bar.dataset.seconds) * 1000;
let held = bar.dataset.held === "1";
let active = false;
let warned = false;
let beating = false;
let sending = false;
let leaving = false;
let draft;
let draftTimer;

function secondsLeft() {
  return Math.max(0, Math.round((ends - performance.now()) / 1000));
}

function words(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

async function post(url, fields, { keepalive = false } = {}) {
  const headers = { "HX-Request": "true", "X-CSRFToken": csrf, Accept: "text/plain" };
  try {
    const response = await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers, redirect: "manual", keepalive });
    const to = response.headers.get("HX-Redirect");
    const signedOut = response.type === "opaqueredirect" || to?.startsWith("/sign-in");
    return { status: response.status, text: await response.text(), to: signedOut ? "" : to, signedOut };
  } catch {
    return { status: 0, text: LATE, to: "", signedOut: false };
  }
}

/** Say it in the bar, which is an alert; the focus stays where the keys of the surface act. */
function say(text) {
  const said = document.getElementById("work-said");
  said.textContent = text;
  said.hidden = false;
  said.scrollIntoView({ block: "nearest" });
}

function lose(text) {
  if (!held) return;
  held = false;
  saveDraft();
  const lost = document.getElementById("work-lost");
  lost.querySelector("[data-said]").textContent = text;
  lost.hidden = false;
  document.getElementById("work-lease").textContent = "lease ended";
  for (const id of ["submit-form", "return-form"]) document.getElementById(id).hidden = true;
  document.querySelector("[data-work=skip]").hidden = true;
  (lost.querySelector("#retake-form button") ?? lost).focus();
  document.dispatchEvent(new CustomEvent("work:lost"));
}

/** Tell the server that somebody is at work; what was typed travels before it. */
async function beat() {
  if (!held || beating) return;
  beating = true;
  active = false;
  const answer = await post(bar.dataset.heartbeat, { fence: bar.dataset.fence });
  beating = false;
  if (answer.status === 200) {
    ends = performance.now() + JSON.parse(answer.text).seconds * 1000;
    warned = false;
    show();
  } else if (answer.status === 409 || answer.status === 404 || answer.status === 403) {
    lose(answer.status === 404 ? "This item is no longer yours: you left the project, or it was deleted. What you saved is kept." : answer.text);
  } else if (answer.signedOut) {
    toast("Your session has ended. Sign in again in another tab; your work is kept.", { bad: true });
  }
}

function show() {
  const left = secondsLeft();
  const badge = document.getElementById("work-lease");
  badge.textContent = left ? `lease ${words(left)}` : "lease ended";
  badge.classList.toggle("notice", left < warnAt);
}

function tick() {
  if (!held) return;
  const left = secondsLeft();
  show();
  if (active && left < Number(bar.dataset.lease) * 0.66) beat();
  if (left < warnAt && left > 0 && !warned) {
    warned = true;
    toast(`Your lease of this item ends in ${left} seconds. Press any key to keep it.`);
  }
  if (!left) lose("Your lease of this item ended. What you saved is kept, and so is your draft.");
}

async function saveDraft() {
  clearTimeout(draftTimer);
  draftTimer = undefined;
  if (draft === undefined) return;
  const sent = draft;
  draft = undefined;
  const answer = await post(bar.dataset.draft, { draft: JSON.stringify(sent) }, { keepalive: true });
  const state = document.getElementById("work-draft-state");
  if (answer.status === 204) state.textContent = `draft saved ${new Date().toLocaleTimeString("en-GB", { timeStyle: "short" })}`;
  else {
    draft ??= sent;
    state.textContent = "draft not saved yet";
    if (answer.status === 0 || answer.status >= 500) draftTimer = setTimeout(saveDraft, 4000);
    else toast(answer.text, { bad: true });
  }
}

async function settled() {
  const waiting = [];
  document.dispatchEvent(new CustomEvent("work:before-submit", { detail: { wait: (promise) => waiting.push(promise) } }));
  await Promise.all(waiting);
}

/** Send a form of the frame and go where the answer says; failures leave everything in place. */
async function send(form) {
  if (sending) return;
  sending = true;
  form.setAttribute("aria-busy", "true");
  try {
    if (form.id === "submit-form") await settled();
    await saveDraft();
    const spent = form.elements.milliseconds;
    if (spent) spent.value = String(Math.round(performance.now() - opened));
    const answer = await post(form.action, new FormData(form));
    if (answer.to) { leaving = true; location.assign(answer.to); return; }
    form.closest("dialog")?.close();
    if (answer.status === 409 && form.id !== "retake-form") lose(answer.text);
    else if (answer.signedOut) say("Your session has ended. Sign in again in another tab, then submit here.");
    else say(answer.text || `The server refused it (${answer.status}).`);
  } catch (error) {
    say(error?.message ?? String(error));
  } finally {
    sending = false;
    form.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  if (!["submit-form", "skip-form", "return-form", "retake-form"].includes(event.target.id)) return;
  event.preventDefault();
  document.getElementById("work-said").hidden = true;
  send(event.target);
});

// What is pressed for the next item must not change the one that is being sent.
addEventListener("keydown", (event) => {
  if (!(sending || leaving) || event.target.matches(TYPING) || isCombined(event) || event.key === "Tab") return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });

document.addEventListener("keydown", (event) => {
  active = true;
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
  if (event.target.matches(TYPING) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && !event.target.closest(PRESSABLE)) {
    event.preventDefault();
    if (held) document.getElementById("submit-form").requestSubmit();
  } else if (held && event.key === "S") {
    event.preventDefault();
    openDialog(document.getElementById("skip-dialog"));
    document.getElementById("skip-reason").focus();
  } else if (held && event.key === "P") {
    event.preventDefault();
    document.getElementById("return-form").requestSubmit();
  }
});

document.addEventListener("work:draft", (event) => {
  draft = event.detail;
  document.getElementById("work-draft-state").textContent = "draft …";
  clearTimeout(draftTimer);
  draftTimer = setTimeout(saveDraft, DRAFT_WAIT);
});
document.addEventListener("work:draft-now", saveDraft);
document.addEventListener("work:gone", beat);
for (const name of ["pointerdown", "pointermove", "wheel"]) {
  document.addEventListener(name, () => { active = true; }, { passive: true });
}
addEventListener("pagehide", saveDraft);
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") tick(); });

if (held) {
  setInterval(tick, 1000);
  show();
  document.getElementById("main").focus({ preventScroll: true });
} else {
  const lost = document.getElementById("work-lost");
  (lost.querySelector("#retake-form button") ?? lost.querySelector("#work-next")).focus();
  announce(lost.textContent.trim());
}
