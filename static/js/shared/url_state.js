// The view lives in the URL: a copied link shows the same step, colours, tab and folded nodes.

const NAMES = ["step", "by", "model", "tab", "trace", "before", "fold", "scale", "find"];

export function readUrl(search) {
  const query = new URLSearchParams(search);
  return Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""]));
}

export function writeQuery(state) {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const plain = !state[name] || (name === "tab" && state.tab === "credit");
    if (!plain) query.set(name, state[name]);
  }
  return `?${query}`;
}

/** Put the view into the address bar; `push` makes it a place that Back returns to. */
export function writeUrl(state, { push = false } = {}) {
  const url = location.pathname + writeQuery(state);
  if (url === location.pathname + location.search) return;
  history[push ? "pushState" : "replaceState"]({}, "", url);
}
