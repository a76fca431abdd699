// Parts of the page as the server draws them, put in place by id.

import { insert } from "./typing.js";

/** Read a fragment of our own server; texts in it are escaped there. */
export function partsOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/** Swap one element for its new version without losing the focus inside it. */
export function replace(part) {
  const old = document.getElementById(part.id);
  if (old) keepFocus(old, () => old.replaceWith(part));
}

/** Run `change`, which replaces elements of `area`: the focus inside goes to the element with the same
    id, together with what is being typed; where there is none, to `otherwise`. */
export function keepFocus(area, change, otherwise = null) {
  const before = document.activeElement;
  const inside = area.contains(before);
  const typed = inside && before.defaultValue !== undefined && before.value !== before.defaultValue ? before.value : null;
  change();
  if (!inside || before.isConnected) return;
  const after = document.getElementById(before.id) ?? otherwise;
  const fold = after?.closest("details");
  if (fold) fold.open = true;
  after?.focus({ preventScroll: true });
  if (typed === null || after?.id !== before.id || after.value === typed) return;
  after.select();
  insert(typed);
}
