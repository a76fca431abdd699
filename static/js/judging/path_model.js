// One path as `Spans` sees it: its open steps, counted from 1. The whole tree is `TreeModel`.

export class PathModel {
  constructor() {
    this.chosen = [0, 0];
    this.spans = []; // the server draws the judged ones
    this.grow(0);
  }

  /** The path has `n` open steps now. */
  grow(n) {
    const numbers = Int32Array.from({ length: n + 1 }, (_, number) => number);
    this.n = n;
    this.ids = this.depth = numbers;
    this.parent = numbers.map((number) => number - 1);
    this.end = numbers.map(() => n + 1);
  }

  toward(number, end) {
    return number < end ? number + 1 : -1;
  }

  choose(first, last) {
    this.chosen = [first, last];
  }

  isChosen(number) {
    const [first, last] = this.chosen;
    return first > 0 && number >= first && number <= last;
  }

  setSpans(spans) {
    this.spans = spans;
  }
}
