// What goes with a judgement: the field that changed, and the time spent.

/** The changed field; a note carries the tick beside it, for the server reads them together. */
export function sentFields(target) {
  const value = target.type === "checkbox" ? (target.checked ? "1" : "") : target.value;
  const fields = { [target.name]: value };
  if (target.name === "note") fields.realises_error = target.form.realises_error.checked ? "1" : "";
  return fields;
}

/** Milliseconds since `from` as a field of a form; a page left open over night counts as a day at most. */
export function spentSince(from) {
  return String(Math.min(86400000, Math.round(performance.now() - from)));
}
