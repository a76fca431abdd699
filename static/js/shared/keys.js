// Keys act only while the focus is inside the workbench and never while somebody types.

import { HeldKeys } from "./held_keys.js";
import { TYPING } from "./typing.js";

const PRESSABLE = "button, a[href], summary, [role=button], label";
const LETTERS_OFF = "tracewood.letters-off";
const STAY = "tracewood.stay-after-rating";

function isSet(name) {
  return localStorage.getItem(name) === "1";
}

/** Whether a key that rates a step also goes on to the next step of the path. */
export function goesOn() {
  return !isSet(STAY);
}

/** Keep a box of the help dialog and its setting equal; `on` is what a tick stores. */
function bind(id, name, on) {
  const box = document.getElementById(id);
  if (!box) return; // a page without this setting
  box.checked = isSet(name) === (on === "1");
  box.addEventListener("change", () => localStorage.setItem(name, box.checked === (on === "1") ? "1" : "0"));
}

function nameOf(event) {
  if (event.altKey) return "";
  if (event.ctrlKey || event.metaKey) return `Control+${event.shiftKey ? "Shift+" : ""}${event.key.toLowerCase()}`;
  return event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key;
}

export class Keys {
  /** `actions[name](event)` does what a row of `table` names. A row that opens a field or a dialog
      returns when that stands there; further keys wait, and its second argument ends the wait. */
  constructor(table, actions) {
    this.actions = actions;
    this.byKey = new Map(table.flatMap(({ action, keys }) => keys.map((key) => [key, action])));
    this.opening = new Set(table.filter(({ opens }) => opens).map(({ action }) => action));
    this.held = new HeldKeys((event) => this.byKey.has(nameOf(event)));
  }

  /** Do an action for a key or a click; false if it leaves the key to the browser. */
  run(name, event) {
    if (!this.opening.has(name)) return this.actions[name](event);
    this.held.during((patience) => this.actions[name](event, patience));
    return true;
  }

  /** Listen while the focus is inside `areas`. */
  listen(areas) {
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      const key = nameOf(event);
      const name = this.byKey.get(key);
      if (!this.actions[name] || !event.target.closest(areas)) return;
      if (key === "Enter" && event.target.closest(PRESSABLE)) return;
      if (event.target.matches(TYPING) && name !== "escape") return;
      if (key.length === 1 && isSet(LETTERS_OFF)) return;
      if (event.repeat && /^(rate|apply|undo|redo|submit)/.test(name)) { event.preventDefault(); return; }
      if (this.run(name, event) !== false) event.preventDefault();
    });
    bind("letters-off", LETTERS_OFF, "1");
    bind("goes-on", STAY, "0");
  }
}
