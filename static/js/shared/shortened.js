// Texts for places that are shorter than they are.

/** At most `most` characters of `text` with "…" for the rest, cut behind a word where one ends. */
export function shortened(text, most) {
  const letters = Array.from(text); // a character beyond the basic plane is not halved
  if (letters.length <= most) return text;
  const start = letters.slice(0, most).join("");
  const whole = /\s/.test(letters[most]) ? start : start.replace(/\s+\S*$/, "");
  return `${(whole || start).trimEnd()}…`;
}
