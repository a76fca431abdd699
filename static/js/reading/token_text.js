// The text of a path in colours. All of it is in the page from the start; a span for each token, with the
// number of its step beside it, is drawn a screen before it is seen, so length costs nothing at the start.

const LEVELS = ["neg-4", "neg-3", "neg-2", "neg-1", "zero", "pos-1", "pos-2", "pos-3", "pos-4", "none"].map((level) => `heat-${level}`);
const MARK = "¶";
const AHEAD = "100% 0px";
const ROW = 25; // pixels of a line of text, for the height of what was not drawn yet
const BESIDE = 105; // of the column of numbers
const LETTER = 7.6;

export function levelOf(letter) {
  return LEVELS[letter.charCodeAt(0) - 97];
}

/** The first of each run, and one behind the last. */
export function edges(counts) {
  const found = new Int32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i += 1) found[i + 1] = found[i] + counts[i];
  return found;
}

/** For each piece the run that it is in. */
export function owners(counts, total) {
  const found = new Int32Array(total);
  let at = 0;
  for (let i = 0; i < counts.length; i += 1) for (let k = 0; k < counts[i]; k += 1) found[at++] = i;
  return found;
}

function chip(level, text) {
  const made = document.createElement("span");
  made.className = `chip heat ${levelOf(level)}`;
  made.textContent = text;
  return made;
}

export class TokenText {
  /** `root` holds chunks of blocks, one block for each step; `cut` says how long the tokens of each step are.
      `numbers` colour it; `say(value)` writes the number of a step. */
  constructor(root, cut, numbers, say) {
    this.root = root;
    this.lengths = cut.lengths;
    this.ids = cut.ids;
    this.first = edges(cut.counts);
    this.stepOf = owners(cut.counts, cut.lengths.length);
    this.blocks = [...root.querySelectorAll(".token-block")];
    this.chunks = [...root.children];
    this.spans = []; // by token, where they are drawn
    this.drawn = new Set();
    let step = 0;
    this.range = new Map(this.chunks.map((chunk) => [chunk, [step, step += chunk.children.length]]));
    this.numbers = numbers;
    this.say = say;
    this.#reserve();
    this.watch = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) if (isIntersecting) this.draw(target);
    }, { rootMargin: AHEAD, scrollMargin: AHEAD });
    for (const chunk of this.chunks) {
      if (chunk.getBoundingClientRect().top < innerHeight) this.draw(chunk);
      else this.watch.observe(chunk);
    }
    this.print = () => this.drawAll();
    addEventListener("beforeprint", this.print);
  }

  get size() {
    return this.lengths.length;
  }

  /** The span of a token, drawn if nobody saw it yet. */
  span(token) {
    if (!this.spans[token]) this.draw(this.blocks[this.stepOf[token]].parentElement);
    return this.spans[token];
  }

  /** What tokens first … last spell, without marks. */
  spelled(first, last) {
    let text = "";
    for (let step = this.stepOf[first]; step <= this.stepOf[last]; step += 1) {
      const from = Math.max(first, this.first[step]);
      const to = Math.min(last + 1, this.first[step + 1]);
      for (let i = from; i < to; i += 1) if (this.lengths[i]) text += this.span(i).textContent;
    }
    return text;
  }

  draw(chunk) {
    if (this.drawn.has(chunk)) return;
    this.drawn.add(chunk);
    this.watch?.unobserve(chunk);
    const [from, to] = this.range.get(chunk);
    for (let step = from; step < to; step += 1) this.#block(step);
  }

  drawAll() {
    for (const chunk of this.chunks) this.draw(chunk);
  }

  /** Colour the same text by other numbers: what was drawn at once, the rest when it is. */
  recolor(numbers) {
    const before = this.numbers.levels;
    this.numbers = numbers;
    const { levels } = numbers;
    for (const chunk of this.drawn) {
      const [from, to] = this.range.get(chunk);
      for (let step = from; step < to; step += 1) this.blocks[step].firstChild.replaceWith(this.#head(step));
      for (let i = this.first[from]; i < this.first[to]; i += 1) {
        if (levels[i] !== before[i]) this.spans[i].classList.replace(levelOf(before[i]), levelOf(levels[i]));
      }
    }
  }

  close() {
    this.watch.disconnect();
    removeEventListener("beforeprint", this.print);
  }

  #block(step) {
    const block = this.blocks[step];
    const place = block.firstChild;
    const text = place.textContent;
    const parts = document.createDocumentFragment();
    let at = 0;
    for (let i = this.first[step]; i < this.first[step + 1]; i += 1) {
      const end = at + this.lengths[i];
      const span = document.createElement("span");
      span.className = `t heat ${levelOf(this.numbers.levels[i])}${end > at ? "" : " mark"}`;
      span.dataset.i = i;
      span.textContent = end > at ? text.slice(at, end) : MARK;
      this.spans[i] = span;
      parts.append(span);
      at = end;
    }
    if (at < text.length) parts.append(text.slice(at)); // of texts that were changed since
    place.replaceChildren(parts);
    block.id = `block-${step + 1}`;
    block.setAttribute("aria-label", `Step ${step + 1}`);
    block.prepend(this.#head(step));
  }

  #head(step) {
    const { credit, levels, errors } = this.numbers.steps;
    const head = document.createElement("header");
    const link = document.createElement("a");
    link.className = "no";
    link.href = `${this.root.dataset.tree}?step=${this.ids[step]}`;
    link.textContent = step + 1;
    head.append(link, chip(levels[step], this.say(credit[step])));
    if (errors) {
      const error = document.createElement("span");
      error.className = "muted small";
      error.title = "Standard error";
      error.textContent = `± ${errors[step].toFixed(3)}`;
      head.append(" ", error);
    }
    return head;
  }

  /** Give chunks about the height that they will have: the bar at the side tells the truth, and keys go far. */
  #reserve() {
    const letters = Math.max(20, (this.root.clientWidth - BESIDE) / LETTER);
    for (const chunk of this.chunks) {
      let rows = 0;
      for (const block of chunk.children) rows += Math.ceil(block.textContent.length / letters) || 1;
      chunk.style.containIntrinsicBlockSize = `auto ${ROW * rows + 13 * chunk.children.length}px`;
    }
  }
}
