// Remarks and alternatives of a step: a dialog whose content and title the server draws.

import { openDialog } from "../shared/app.js";

/** Open the panel `name` (`comments`, `flag` or `alternative`) of the step `id`, unless `patience` ends. */
export async function openPanel(urls, name, id, patience) {
  const url = urls[name === "flag" ? "comments" : name].replace("/steps/0/", `/steps/${id}/`);
  const panel = document.getElementById("panel");
  panel.replaceChildren();
  await globalThis.htmx.ajax("GET", `${url}${name === "flag" ? "?kind=flag" : ""}`, { target: panel, swap: "innerHTML" });
  if (!panel.firstElementChild || patience.aborted) return; // refused: the reason is in the corner
  openDialog(document.getElementById("panel-dialog"));
  panel.querySelector("[data-first]")?.focus();
}

document.getElementById("panel-dialog").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat || !event.target.form) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
