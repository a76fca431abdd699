// What a search of the tree means: words, and tests on columns. `credit<-0.5 label:none "carry the"`.

import { UNLABELLED } from "./tree_model.js";

const NAMES = ["label", "human", "source", "credit", "outcome", "disagree", "depth"];
const RATINGS = { "-1": -1, 0: 0, 1: 1 };
const LABELS = { ...RATINGS, unsure: 2, seen: 3 };
const TERM = /^(-?)([a-z]+)(<=|>=|<|>|=|:)(.*)$/i;
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const TOKEN = /-?"[^"]*"?|\S+/g;
const QUOTE = "To find it as text, put it in quotes.";
const TESTS = {
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
};

/** Read a query into tests `{ name, not, test(value) }` and texts `{ text, not }`; an error says what to write. */
export function parse(query) {
  const tests = [];
  const texts = [];
  let words = []; // that stand side by side and are found as they stand
  const phrase = () => {
    if (words.length) texts.push({ text: words.join(" "), not: false });
    words = [];
  };
  for (const [token] of query.trim().matchAll(TOKEN)) {
    const plain = token.replaceAll("−", "-").replaceAll("≤", "<=").replaceAll("≥", ">=");
    const quoted = /^(-?)"([^"]*)("?)$/.exec(token);
    const term = TERM.exec(plain);
    const known = term && NAMES.includes(term[2].toLowerCase());
    if (quoted) {
      if (!quoted[3]) throw new Error(`The quote in ${token} is not closed: put a " at its end.`);
      phrase();
      if (quoted[2]) texts.push({ text: quoted[2], not: quoted[1] === "-" });
    } else if (known) {
      phrase();
      tests.push(testOf(term));
    } else if (term && near(term[2])) {
      throw new Error(`There is no ${term[2]}; did you mean ${near(term[2])}? ${QUOTE}`);
    } else if (/^-\p{L}/u.test(token)) {
      phrase();
      texts.push({ text: token.slice(1), not: true });
    } else words.push(token);
  }
  phrase();
  return { tests, texts };
}

/** A known name that somebody has mistyped by a letter or two; numbers such as x=5 are text. */
function near(word) {
  const typed = word.toLowerCase();
  return typed.length < 4 ? undefined : NAMES.find((name) => distance(typed, name) <= 2);
}

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}

function testOf([, minus, written, sign, value]) {
  const name = written.toLowerCase();
  const word = value.toLowerCase();
  const labels = { label: LABELS, source: RATINGS, human: RATINGS }[name];
  const made = (test, missing = false) => ({ name, not: minus === "-", test, missing });
  const equal = sign === ":" || sign === "=";
  if (equal && word === "none") return made((found) => found === null, true);
  if (equal && word === "any") return made((found) => found !== null);
  if (equal && labels && word.replace("+", "") in labels) return made((found) => found === labels[word.replace("+", "")]);
  const [low, high, ...more] = word.split("..");
  const numbers = [low, high ?? low];
  const range = high !== undefined && equal && !more.length;
  if (!numbers.every((text) => NUMBER.test(text)) || (high !== undefined && !range) || (labels && equal && !range)) throw new Error(wayOut(name, labels));
  const [from, to] = numbers.map(Number);
  if (range || equal) return made((found) => found !== null && found >= from && found <= to);
  return made((found) => found !== null && !(labels && found > 1) && TESTS[sign](found, from));
}

function wayOut(name, labels) {
  const words = labels ? `-1, 0, 1${name === "label" ? ", unsure, seen" : ""}, none or any, or a comparison such as ${name}<0` : `a number: ${name}<0.5, ${name}>=0.5, ${name}:0.2..0.8, ${name}:none or ${name}:any`;
  return `After ${name} stands ${words}. ${QUOTE}`;
}

const code = (column) => (p) => (column[p] === UNLABELLED ? null : column[p]);
const cell = (column) => (p) => column[p];

/** The value of a column at a position, null = none. */
async function reading(name, model, column) {
  if (name === "label") return code(model.mine);
  if (name === "source") return code(model.given);
  if (name === "depth") return cell(model.depth);
  return cell(name === "credit" ? model.coloring.values : await column(name));
}

/** Positions of the steps for which everything holds; `column` and `texts` ask the server. */
export async function hitsOf(query, model, column, texts) {
  const wanted = parse(query);
  const passed = new Uint8Array(model.n).fill(1);
  for (const { name, not, test } of wanted.tests) {
    const read = await reading(name, model, column);
    for (let p = 1; p < model.n; p += 1) if (passed[p] && test(read(p)) === not) passed[p] = 0;
  }
  for (const { text, not } of wanted.texts) {
    const found = new Uint8Array(model.n);
    for (const p of await texts(text)) found[p] = 1;
    for (let p = 1; p < model.n; p += 1) if (passed[p] && Boolean(found[p]) === not) passed[p] = 0;
  }
  const hits = [];
  for (let p = 1; p < model.n; p += 1) if (passed[p]) hits.push(p);
  return hits;
}
