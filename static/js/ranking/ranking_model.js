// An answer under one criterion, and what keys and drags make of it. Nothing here knows the page.
//
// An answer is { slots, aside, failed }: `slots` lists ranks, best first, each a list of ids (several
// = a tie); while candidates are missing a rank may be empty, so that "3" can be pressed before "1".
// Functions return a new answer, or the same one where nothing changes.

export const EMPTY = { slots: [], aside: [], failed: [] };

export function ranked(answer) {
  return answer.slots.flat();
}

/** Candidates without rank that are not set aside, in shown order. */
export function pool(answer, items) {
  const there = new Set([...ranked(answer), ...answer.aside]);
  return items.filter((item) => !there.has(item));
}

export function complete(answer, items) {
  return pool(answer, items).length === 0;
}

export function same(one, other) {
  return JSON.stringify(sent(one)) === JSON.stringify(sent(other));
}

/** The answer as the server takes it. */
export function sent(answer, shown) {
  const tiers = answer.slots.filter((slot) => slot.length);
  const sorted = (list) => [...list].sort((a, b) => a - b);
  return { tiers: tiers.map(sorted), aside: sorted(answer.aside), failed: sorted(answer.failed), ...(shown && { shown }) };
}

/** The answer of a stored or sent ranking. */
export function read({ tiers = [], aside = [], failed = [] } = {}) {
  return { slots: tiers.map((tier) => [...tier]), aside: [...aside], failed: [...failed] };
}

function without(answer, id) {
  return {
    slots: answer.slots.map((slot) => slot.filter((other) => other !== id)),
    aside: answer.aside.filter((other) => other !== id),
    failed: [...answer.failed],
  };
}

/** Close gaps once nothing is missing; before that only those at the end. */
function settle(answer, items) {
  let { slots } = answer;
  if (complete(answer, items)) slots = slots.filter((slot) => slot.length);
  while (slots.length && !slots.at(-1).length) slots = slots.slice(0, -1);
  return { ...answer, slots };
}

function rankOf(answer, id) {
  return answer.slots.findIndex((slot) => slot.includes(id));
}

/** Put a candidate on rank `rank` (from 1), beside whoever is there. */
export function place(answer, items, id, rank) {
  const next = without(answer, id);
  const last = Math.min(rank, items.length);
  while (next.slots.length < last) next.slots.push([]);
  next.slots[last - 1] = [...next.slots[last - 1], id];
  return settle(next, items);
}

/** Put a candidate on a rank of its own before the slot `at`. */
export function insert(answer, items, id, at) {
  const next = without(answer, id);
  next.slots.splice(at, 0, [id]);
  return settle({ ...next, slots: next.slots.filter((slot, n) => slot.length || n < at) }, items);
}

export function move(answer, items, id, way) {
  const at = rankOf(answer, id);
  if (at < 0) return insert(answer, items, id, answer.slots.findLastIndex((slot) => slot.some((other) => !answer.failed.includes(other))) + 1);
  if (answer.slots[at].length > 1) {
    const next = without(answer, id);
    next.slots.splice(way < 0 ? at : at + 1, 0, [id]);
    return settle(next, items);
  }
  const to = at + way;
  if (to < 0 || to >= answer.slots.length) return answer;
  const slots = [...answer.slots];
  [slots[at], slots[to]] = [slots[to], slots[at]];
  return settle({ ...answer, slots }, items);
}

export function tie(answer, items, id) {
  const at = rankOf(answer, id);
  if (at === 0) return answer;
  const next = without(answer, id);
  const above = at < 0 ? answer.slots.length - 1 : answer.slots.findLastIndex((slot, n) => n < at && slot.length);
  if (above < 0) return insert(answer, items, id, 0);
  next.slots[above] = [...next.slots[above], id];
  return settle(next, items);
}

export function unrank(answer, items, id) {
  return settle(without(answer, id), items);
}

export function toggleAside(answer, items, id) {
  const next = without(answer, id);
  if (!answer.aside.includes(id)) next.aside.push(id);
  return settle(next, items);
}

/** Mark a candidate as failing the gate, which puts it last, or take the mark away. */
export function toggleFail(answer, items, id) {
  if (answer.failed.includes(id)) return { ...answer, failed: answer.failed.filter((other) => other !== id) };
  if (answer.aside.includes(id)) return { ...answer, failed: [...answer.failed, id] };
  const next = without(answer, id);
  const last = next.slots.findLastIndex((slot) => slot.length);
  const failing = last >= 0 && next.slots[last].every((other) => answer.failed.includes(other));
  next.failed.push(id);
  if (failing) next.slots[last] = [...next.slots[last], id];
  else next.slots.splice(last + 1, 0, [id]);
  // Until the others have ranks, the failed ones keep to the end.
  const missing = pool(next, items).length;
  const tail = next.slots.findLastIndex((slot) => slot.length);
  const lowest = items.length - next.failed.length;
  if (missing && tail < lowest) {
    const [slot] = next.slots.splice(tail, 1);
    while (next.slots.length < lowest) next.slots.push([]);
    next.slots.push(slot);
  }
  return settle(next, items);
}

/** The answer after a drag: lists of ids per zone as they stand on the page. */
export function arranged(answer, items, { slots, aside }) {
  return settle({ slots, aside, failed: answer.failed.filter((id) => items.includes(id)) }, items);
}
