// Keys act only while the focus is inside the workbench and never while somebody types.

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
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
  box.checked = isSet(name) === (on === "1");
  box.addEventListener("change", () => localStorage.setItem(name, box.checked === (on === "1") ? "1" : "0"));
}

function nameOf(event) {
  if (event.altKey) return "";
  if (event.ctrlKey || event.metaKey) return `Control+${event.shiftKey ? "Shift+" : ""}${event.key.toLowerCase()}`;
  return event.key;
}

/** Call `actions[name]` for the keys of the table. */
export function listen(table, areas, actions) {
  const byKey = new Map(table.flatMap(({ action, keys }) => keys.map((key) => [key, action])));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const key = nameOf(event);
    const action = byKey.get(key);
    if (!action || !event.target.closest(areas)) return;
    const typing = event.target.matches(TYPING);
    if (typing && action !== "escape") return;
    if (key.length === 1 && isSet(LETTERS_OFF)) return;
    if (event.repeat && /^(rate|undo|redo)/.test(action)) { event.preventDefault(); return; }
    if (actions[action]?.(event) !== false) event.preventDefault();
  });
  bind("letters-off", LETTERS_OFF, "1");
  bind("goes-on", STAY, "0");
}
