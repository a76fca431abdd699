// The whole tree as typed columns. Positions are pre-order; 0 is the problem, which is no step.

export const UNLABELLED = -9;
const OPEN_ALL = 400; // trees up to this size start unfolded
const OPEN_ROWS = 250; // larger ones start with about this many rows

/** Level of a value, as scoring.heatmap.classes has it; null = no value. */
export function heatLevel(value, coloring) {
  if (value === null || value === undefined || coloring.no_signal) return null;
  const share = heatShare(value, coloring);
  const size = coloring.two_sided ? Math.floor(Math.abs(share) * 4.5 + 0.5) : Math.floor(Math.abs(share) * 5);
  return Math.min(size, 4) * Math.sign(share) || 0;
}

/** Position of a value between the limits: -1 … 1 about the neutral value if two-sided, else 0 … 1. */
export function heatShare(value, { low, high, neutral, two_sided }) {
  if (low === high) return 0;
  return Math.max(two_sided ? -1 : 0, Math.min(1, (value - neutral) / (high - neutral)));
}

/** A value in words and to six digits, for whoever points at it or has it read. */
export function exactText(value, { signed, no_signal }) {
  if (value === null || value === undefined) return "no number";
  return `${numberText(value, signed, 6).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "")}${no_signal ? ", no signal" : ""}`;
}

export function heatClass(level) {
  if (level === null) return "heat-none";
  if (level === 0) return "heat-zero";
  return `heat-${level < 0 ? "neg" : "pos"}-${Math.abs(level)}`;
}

/** "+0.24", "−0.06", "0.00", "–": the same text as the server writes. */
export function numberText(value, signed, digits = 2) {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value) >= 1e6 ? Math.abs(value).toExponential(digits) : Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  if (value < 0) return `−${text}`;
  return signed ? `+${text}` : text;
}

export class TreeModel {
  constructor(data) {
    const n = data.ids.length;
    this.n = n;
    this.depth = Int32Array.from(data.depth);
    this.ids = new Float64Array(n);
    for (let p = 0, id = 0; p < n; p += 1) this.ids[p] = id += data.ids[p];
    this.at = new Map(Array.from(this.ids, (id, p) => [id, p]));
    this.texts = new Map(Object.entries(data.texts).map(([p, text]) => [Number(p), text]));
    this.#shape();
    this.mine = new Int8Array(n).fill(UNLABELLED);
    data.labels[0].forEach((p, i) => { this.mine[p] = data.labels[1][i]; });
    this.given = new Int8Array(n).fill(UNLABELLED);
    data.given[0].forEach((p, i) => { this.given[p] = data.given[1][i]; });
    this.setSpans(data.spans);
    this.choose(0, 0);
    this.coloring = data.coloring;
    this.closed = this.#closedAtFirst();
    this.atFirst = this.closed.slice();
    this.refold();
  }

  /** Judgements of runs as `[first, last, code]`; later ones are drawn over earlier ones. */
  setSpans(spans) {
    this.spans = spans;
    this.marks = new Map();
    for (const [first, last, code] of spans) for (const p of this.run(first, last)) this.marks.set(p, { code, top: p === first, foot: p === last });
  }

  /** Steps that are chosen to be judged as one; 0 = none. */
  choose(first, last) {
    this.chosen = new Set(first ? this.run(first, last) : []);
  }

  isChosen(p) {
    return this.chosen.has(p);
  }

  /** The steps from `first` down to `last`. */
  run(first, last) {
    return this.path(last).filter((p) => p >= first);
  }

  /** Parents, subtree ends, leaf counts and sibling numbers, in one pass each. */
  #shape() {
    const { n, depth } = this;
    this.parent = new Int32Array(n).fill(-1);
    this.end = new Int32Array(n).fill(n);
    this.leaves = new Int32Array(n);
    this.nth = new Int32Array(n);
    this.children = new Int32Array(n);
    const path = [];
    this.maxDepth = 0;
    for (let p = 0; p < n; p += 1) {
      while (path.length > depth[p]) this.end[path.pop()] = p;
      if (path.length) {
        this.parent[p] = path[path.length - 1];
        this.nth[p] = this.children[this.parent[p]] += 1;
      }
      path.push(p);
      if (depth[p] > this.maxDepth) this.maxDepth = depth[p];
    }
    for (let p = n - 1; p > 0; p -= 1) {
      if (!this.children[p]) this.leaves[p] = 1;
      this.leaves[this.parent[p]] += this.leaves[p];
    }
  }

  /** Everything open in small trees; in large ones as many levels as give a screenful or a few. */
  #closedAtFirst() {
    const closed = new Uint8Array(this.n);
    if (this.n <= OPEN_ALL) return closed;
    const perDepth = new Int32Array(this.maxDepth + 2);
    for (let p = 1; p < this.n; p += 1) perDepth[this.depth[p]] += 1;
    let open = 1;
    for (let rows = perDepth[1]; open < this.maxDepth && rows + perDepth[open + 1] <= OPEN_ROWS; open += 1) rows += perDepth[open + 1];
    for (let p = 1; p < this.n; p += 1) if (this.depth[p] >= open && this.children[p]) closed[p] = 1;
    return closed;
  }

  /** Work out which steps have a row; one pass over the tree. */
  refold() {
    const rows = [];
    for (let p = 1; p < this.n; p = this.closed[p] ? this.end[p] : p + 1) rows.push(p);
    this.rows = Int32Array.from(rows);
    this.rowOf = new Int32Array(this.n).fill(-1);
    for (let r = 0; r < rows.length; r += 1) this.rowOf[rows[r]] = r;
  }

  toggle(p, closed) {
    if (!this.children[p] || Boolean(this.closed[p]) === closed) return false;
    this.closed[p] = closed ? 1 : 0;
    this.refold();
    return true;
  }

  /** Open all ancestors of a step, so that it has a row. */
  reveal(p) {
    let changed = false;
    for (let a = this.parent[p]; a > 0; a = this.parent[a]) {
      if (this.closed[a]) { this.closed[a] = 0; changed = true; }
    }
    if (changed) this.refold();
    return changed;
  }

  path(p) {
    const found = [];
    for (let a = p; a > 0; a = this.parent[a]) found.unshift(a);
    return found;
  }

  /** The child of a step on the way to the step `end`; -1 = `end` is not below. */
  toward(p, end) {
    if (!(end > p && end < this.end[p])) return -1;
    let next = end;
    while (this.parent[next] !== p) next = this.parent[next];
    return next;
  }

  sibling(p, way) {
    if (way > 0) {
      const next = this.end[p];
      return next < this.n && this.parent[next] === this.parent[p] ? next : -1;
    }
    if (this.nth[p] <= 1) return -1;
    let before = p - 1;
    while (this.parent[before] !== this.parent[p]) before = this.parent[before];
    return before;
  }

  /** The next step without a label of the reader, once around the tree; -1 = none left. */
  unlabelled(from, way) {
    const count = this.n - 1;
    for (let i = 1; i <= count; i += 1) {
      const p = ((from - 1 + way * i) % count + count) % count + 1;
      if (this.mine[p] === UNLABELLED) return p;
    }
    return -1;
  }

  /** Nodes folded against the first state, as differences of ids in base 36. */
  foldText() {
    const ids = [];
    for (let p = 1; p < this.n; p += 1) if (this.closed[p] !== this.atFirst[p]) ids.push(this.ids[p]);
    if (ids.length > 1500) return ""; // a link must stay short enough for every server
    ids.sort((a, b) => a - b);
    return ids.map((id, i) => (i ? id - ids[i - 1] : id).toString(36)).join(".");
  }

  setFoldText(text) {
    this.closed = this.atFirst.slice();
    let id = 0;
    for (const part of text ? text.split(".") : []) {
      id += parseInt(part, 36);
      const p = this.at.get(id);
      if (p > 0 && this.children[p]) this.closed[p] = 1 - this.closed[p];
    }
    this.refold();
  }
}
