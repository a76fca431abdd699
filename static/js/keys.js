// Keys act only while the focus is inside the workbench and never while somebody types.

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const SETTING = "tracewood.letters-off";

export function lettersOff() {
  return localStorage.getItem(SETTING) === "1";
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
    if (key.length === 1 && lettersOff()) return;
    if (event.repeat && /^(rate|undo|redo)/.test(action)) { event.preventDefault(); return; }
    if (actions[action]?.(event) !== false) event.preventDefault();
  });
  const box = document.getElementById("letters-off");
  box.checked = lettersOff();
  box.addEventListener("change", () => localStorage.setItem(SETTING, box.checked ? "1" : "0"));
}
