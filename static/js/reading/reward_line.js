// The reward along a path, or a signal: a line over the tokens with a band for each step; the cursor follows the token.

function color(name) {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}

/** Resolve a colour that a custom property holds, `light-dark()` included, to one that a canvas takes; `scheme` "" = the page's. */
function resolved(name, scheme) {
  const probe = document.createElement("i");
  probe.style.colorScheme = scheme;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found || color(name);
}

export class RewardLine {
  /** `numbers.line` is the number behind every token, null where there is none, `numbers.start` that in front of
      the first, `numbers.first` the first token of every step and one behind the last; `numbers.sparse` lines are drawn from point to point.
      `onPoint(token)` hears where the pointer is. */
  constructor(box, numbers, onPoint) {
    this.box = box;
    this.numbers = numbers;
    this.onPoint = onPoint;
    this.silent = false;
    this.scheme = "";
    this.gone = new AbortController();
    for (const [when, scheme] of [["beforeprint", "light"], ["afterprint", ""]]) {
      addEventListener(when, () => { this.scheme = scheme; this.redraw(); }, { signal: this.gone.signal });
    }
    this.#draw();
    this.resized = new ResizeObserver(() => this.plot?.setSize(this.#size()));
    this.resized.observe(box);
  }

  /** Put the cursor behind a token. */
  point(token) {
    if (!this.plot) return;
    this.silent = true;
    const value = this.numbers.line[token];
    const top = value === null ? 0 : this.plot.valToPos(value, "y");
    this.plot.setCursor({ left: this.plot.valToPos(token + 1, "x"), top });
    this.silent = false;
  }

  /** Draw again in the colours of the page. */
  redraw() {
    this.plot?.destroy();
    this.#draw();
  }

  close() {
    this.gone.abort();
    this.resized.disconnect();
    this.plot?.destroy();
  }

  #size() {
    return { width: Math.max(120, this.box.clientWidth), height: this.box.clientHeight };
  }

  #draw() {
    const { line, start, sparse } = this.numbers;
    const [ink, edge, band, stroke] = ["--muted", "--line", "--accent-soft", "--accent"].map((name) => resolved(name, this.scheme));
    const axis = { stroke: ink, grid: { stroke: edge, width: 1 }, ticks: { stroke: edge, width: 1 } };
    this.plot = new globalThis.uPlot({
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: false } },
      axes: [{ ...axis, size: 28 }, { ...axis, size: 54, space: 22 }],
      series: [{}, { stroke, width: 1.5, spanGaps: Boolean(sparse), points: { show: Boolean(sparse), size: 5 } }],
      hooks: {
        drawClear: [(plot) => this.#bands(plot, band)],
        setCursor: [(plot) => {
          if (!this.silent && plot.cursor.idx > 0) this.onPoint(plot.cursor.idx - 1);
        }],
      },
    }, [[0, ...line.map((_, at) => at + 1)], [start, ...line]], this.box);
  }

  #bands(plot, fill) {
    const { first } = this.numbers;
    plot.ctx.save();
    plot.ctx.fillStyle = fill;
    for (let step = 0; step + 1 < first.length; step += 2) {
      const [left, right] = [plot.valToPos(first[step], "x", true), plot.valToPos(first[step + 1], "x", true)];
      plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
    }
    plot.ctx.restore();
  }
}
