// Links inside the workbench change the view instead of the page.

/** What a link changes of the view. */
export function changesOf(link) {
  link.closest("dialog")?.close();
  const said = new URL(link.href).searchParams;
  const changes = { before: said.get("before") ?? "" };
  for (const name of ["step", "by", "model", "trace"]) if (said.has(name)) changes[name] = said.get(name);
  if (link.closest(".tabs")) changes.tab = said.get("tab") ?? "";
  return changes;
}

/** In narrow windows: which pane is on screen. */
export function showPane(name) {
  document.getElementById("main").dataset.show = name;
  for (const button of document.querySelectorAll("[data-pane]")) button.setAttribute("aria-pressed", String(button.dataset.pane === name));
}
