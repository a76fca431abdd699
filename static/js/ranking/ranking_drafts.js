// Drafts of one place: in this browser, and in a queue also with the item on the server.

/** Keep `drafts` (answers by criterion); none are forgotten. */
export function keep(name, drafts, { place, inQueue }) {
  if (Object.keys(drafts).length) localStorage.setItem(name, JSON.stringify(drafts));
  else localStorage.removeItem(name);
  if (inQueue) document.dispatchEvent(new CustomEvent("work:draft", { detail: { place, ranking: drafts } }));
}

/** The drafts that were kept, those of this browser first; what is no longer here is left out. */
export function kept(name, { place, items, criteria }) {
  const item = JSON.parse(document.getElementById("work-draft")?.textContent ?? "null");
  let found = item?.place === place ? item.ranking : null;
  try { found = JSON.parse(localStorage.getItem(name)) ?? found; } catch { /* not ours */ }
  const known = (list) => (Array.isArray(list) ? list.filter((id) => items.includes(id)) : []);
  const drafts = {};
  for (const { key } of criteria) {
    const draft = found?.[key];
    if (Array.isArray(draft?.slots)) drafts[key] = { slots: draft.slots.map(known), aside: known(draft.aside), failed: known(draft.failed) };
  }
  return drafts;
}
