// Lists by keyboard: what is chosen in one that saves itself is sent with Enter, Tab or Esc.
//
// Browsers begin a new word after a pause, and a key meant for the page would choose another row.
// Here all letters belong to one word until the list is left, and one that fits no row does nothing.

import { announce } from "./app.js";
import { isCombined } from "./typing.js";

const SELVES = "[data-autosave], [data-span-field]"; // what saves itself; a dialog is sent whole
const LISTS = `select:is(${SELVES}, dialog *)`;
const NOTES = "textarea[data-autosave]";
const PAGE = "#outline, #judging"; // where the keys of a page act
const WAYS = { ArrowDown: (at) => at + 1, ArrowUp: (at) => at - 1, Home: () => 0, End: (_, last) => last };

let list = null; // the list that has the focus
let saved; // its value as the server has it
let pending = null; // its value by keys, before it is sent
let typed = "";

const wordsOf = (option) => option.label.trim().toLowerCase();

function back() {
  document.querySelector(PAGE).focus({ preventScroll: true });
}

/** Follow the focus; a list that was drawn again below somebody who chooses takes the choice over. */
function meet(target) {
  if (target === list) return;
  const again = list && target.id === list.id && !list.isConnected;
  list = target.matches(LISTS) ? target : null;
  saved = list?.value;
  if (again && pending !== null) list.value = pending;
  else { pending = null; typed = ""; }
}

/** Send what keys have chosen, once. */
function confirm() {
  const wanted = pending !== null && pending !== saved;
  pending = null;
  typed = "";
  if (wanted) list.dispatchEvent(new Event("change", { bubbles: true }));
}

function choose(option, words) {
  option.selected = true;
  pending = list.value;
  typed = words;
}

/** Whether a row begins with the words, which is then chosen. */
function seek(words) {
  const found = [...list.options].find((option) => wordsOf(option).startsWith(words));
  if (found) choose(found, words);
  else announce(`No type begins with “${words}”. Backspace begins again.`);
  return Boolean(found);
}

function move(way) {
  const last = list.options.length - 1;
  const option = list.options[Math.max(0, Math.min(last, way(list.selectedIndex, last)))];
  choose(option, wordsOf(option)); // a letter does not begin another word now
}

/** Whether the key was for the list; a space that fits no row opens it. */
function pressed(event) {
  const { key } = event;
  if (isCombined(event)) return false;
  if (key === "Tab" || key === "Escape") { confirm(); return false; }
  if (key === "Enter" && !list.matches(SELVES)) return false;
  if (key === "Enter") { confirm(); back(); }
  else if (key === "Backspace") typed = "";
  else if (WAYS[key]) move(WAYS[key]);
  else if (key === " ") return typed !== "" && seek(`${typed} `);
  else if (key.length === 1) seek(typed + key.toLowerCase());
  else return false;
  return true;
}

/** Listen to the lists and notes of the page. */
export function listenChoices() {
  document.addEventListener("focusin", ({ target }) => meet(target));
  document.addEventListener("focusout", ({ target }) => {
    queueMicrotask(() => { if (target === list && target.isConnected && target !== document.activeElement) confirm(); });
  });
  document.addEventListener("change", ({ target, isTrusted }) => {
    if (target !== list) return;
    saved = target.value;
    pending = null;
    if (isTrusted && list.matches(SELVES)) back(); // taken from the open list
  });
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (target.matches(LISTS)) {
      meet(target);
      if (pressed(event)) event.preventDefault();
    } else if (target.matches(NOTES) && key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      back();
    }
  }, { capture: true });
}
