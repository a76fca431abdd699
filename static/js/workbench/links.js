// Links inside the workbench change the view instead of the page.

/** What a link changes of the view. */
export function changesOf(link) {
  link.closest("dialog")?.close();
  const said = new URL(link.href).searchParams;
  const changes = { before: said.get("before") ?? "" };
  // drawn before the colours changed, a tab would bring the old ones back
  if (link.closest(".tabs")) return { ...changes, tab: said.get("tab") ?? "" };
  for (const name of ["step", "by", "model", "trace"]) if (said.has(name)) changes[name] = said.get(name);
  return changes;
}

/** In narrow windows: which pane is on screen. */
export function showPane(name) {
  document.getElementById("main").dataset.show = name;
  for (const button of document.querySelectorAll("[data-pane]")) button.setAttribute("aria-pressed", String(button.dataset.pane === name));
}

/** Give the keys to the tree, or in a narrow window that shows another pane to the page. */
export function toTree() {
  const tree = document.getElementById("outline");
  const shown = tree.checkVisibility({ visibilityProperty: true });
  (shown ? tree : document.getElementById("main")).focus({ preventScroll: true });
}
