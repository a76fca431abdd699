// What belongs to the chosen step: note, type of error and repair below its text, and its siblings.

import { openDialog } from "../shared/app.js";
import { listenChoices } from "../shared/choosing.js";
import { sentFields } from "../shared/fields.js";
import { writeQuery } from "../shared/url_state.js";

listenChoices();

/** The form of the step `id`, once its card is the chosen one. */
function formOf(id) {
  const found = document.querySelector("#reader .stepcard.current form[data-label-form]");
  return found && found.dataset.step === id ? found : null;
}

export function openExtras(id, name) {
  const details = formOf(id)?.querySelector("details");
  if (!details) return;
  details.open = true;
  details.querySelector(`[name=${name}]`).focus();
}

/** Turn the mark of a repaired error over and save it. */
export function turnRealises(id, save) {
  const box = formOf(id)?.realises_error;
  if (!box) return;
  box.checked = !box.checked;
  save(Number(id), sentFields(box));
}

/** Show the step beside its siblings, unless `patience` ends before they arrive. */
export async function showSiblings(url, state, patience) {
  const address = url.replace("/steps/0/", `/steps/${state.step}/`);
  await globalThis.htmx.ajax("GET", address + writeQuery(state), { target: "#siblings", swap: "innerHTML" });
  if (!patience.aborted) openDialog(document.getElementById("siblings-dialog"));
}
