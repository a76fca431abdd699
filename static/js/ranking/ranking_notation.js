// An order in letters, as the server reads it: `A > B = C | D`. `>` separates ranks, `=` ties, what
// stands behind `|` cannot be compared, `!` marks what fails the gate.

/** `letters` names the candidates by id. */
export function writeOrder(answer, letters) {
  const name = (id) => `${letters[id]}${answer.failed.includes(id) ? "!" : ""}`;
  const ranks = answer.slots.filter((slot) => slot.length).map((slot) => slot.map(name).join(" = "));
  const aside = answer.aside.length ? `| ${answer.aside.map(name).join(", ")}` : "";
  return `${ranks.join(" > ")} ${aside}`.trim();
}

/** The answer that `text` says; letters of no candidate are left out. */
export function readOrder(text, letters) {
  const ids = new Map(Object.entries(letters).map(([id, letter]) => [letter, Number(id)]));
  const failed = [];
  const read = (words) => words.flatMap((word) => {
    const [, letter = "", mark] = /^\s*([a-z]+)(!?)\s*$/i.exec(word) ?? [];
    const id = ids.get(letter.toUpperCase());
    if (id !== undefined && mark) failed.push(id);
    return id === undefined ? [] : [id];
  });
  const [ranked, aside = ""] = text.split("|");
  const slots = ranked.split(">").map((rank) => read(rank.split("="))).filter((slot) => slot.length);
  return { slots, aside: read(aside.split(/[\s,]+/)), failed };
}
