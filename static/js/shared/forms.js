// Forms of the workbench: buttons that rate, fields that save themselves.

import { sentFields } from "./fields.js";

/** Call `rate`, `rateSpan`, `spanField` and `save` of `on` for what is pressed or changed. */
export function listenForms(on) {
  document.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (!target.matches("form[data-label-form], form[data-span-form]")) return;
    event.preventDefault();
    if (submitter?.name !== "rating") return;
    if (target.matches("[data-span-form]")) on.rateSpan(submitter.value);
    else on.rate(submitter.value);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-span-field]")) on.spanField(target);
    else if (target.matches("[data-autosave]") && target.form) on.save(Number(target.form.dataset.step), sentFields(target));
  });
}
