// Fields that take text, and keys pressed again for somebody who was quicker than the page.

export const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

/** Whether a key is held together with one that makes it a command of the browser or the system. */
export function isCombined(event) {
  return (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
}

/** Whether what is typed now goes into a field or a dialog instead of acting on the page. */
export function takesKeys() {
  return document.activeElement.matches(TYPING) || document.querySelector("dialog[open]") !== null;
}

/** Press the keys of `events` again, one after the other, where the focus is; stops before the first
    one that `go()` forbids. Those after a key that only a person can press are dropped. */
export function pressAgain(events, go) {
  while (events.length && go()) {
    if (!press(document.activeElement, events.shift())) events.length = 0;
  }
}

function isText(event) {
  return event.key.length === 1 && !isCombined(event);
}

/** Scripts see the key as they see any other; what browsers do only for a person's key, this does. */
function press(target, event) {
  if (!target.dispatchEvent(new KeyboardEvent("keydown", event))) return true; // a script took it
  const { key } = event;
  if (key === "Escape") target.closest("dialog")?.close();
  else if (!target.matches(TYPING)) return key !== "Tab";
  else if (isText(event)) insert(key);
  else if (key === "Enter" && target.matches("textarea")) insert("\n");
  else if (key === "Backspace") document.execCommand("delete");
  else return false;
  return true;
}

/** Write into the field as a person does: it can be undone, and leaving the field tells of a change. */
export function insert(text) {
  document.execCommand("insertText", false, text);
}
