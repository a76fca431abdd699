// Formulas are typeset when they come on screen, and KaTeX is fetched when the first one does.

import { painted } from "./paint.js";

let loading;

function katexReady(base) {
  loading ??= new Promise((done, failed) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = document.getElementById("main").dataset.katexCss;
    const script = document.createElement("script");
    script.src = base;
    script.onload = () => done(globalThis.katex);
    script.onerror = failed;
    document.head.append(style, script);
  });
  return loading;
}

const SLICE_MS = 8; // a key pressed meanwhile waits no longer than that
const waiting = new Set();
let working = false;

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    waiting.add(target);
  }
  if (waiting.size && !working) work();
}, { rootMargin: "200px" });

/** Typeset what waits, in slices between which keys are answered and frames are painted. */
async function work() {
  working = true;
  try {
    const katex = await katexReady(document.getElementById("main").dataset.katex);
    while (waiting.size) {
      const began = performance.now();
      for (const span of waiting) {
        waiting.delete(span);
        if (span.isConnected) typesetOne(katex, span);
        if (performance.now() - began > SLICE_MS) break;
      }
      await painted();
    }
  } catch {
    loading = undefined; // the sources of the formulas stay; the next formula tries again
    waiting.clear();
  } finally {
    working = false;
  }
}

function typesetOne(katex, span) {
  const display = span.classList.contains("display");
  const source = span.textContent;
  try {
    katex.render(span.dataset.tex, span, { throwOnError: true, trust: false, maxSize: 20, maxExpand: 1000, displayMode: display });
  } catch {
    span.textContent = source; // what is no formula stays as it was written; KaTeX's own mark is against the policy
  }
  span.classList.add("done");
}

/** Watch the formulas below `root`. */
export function typeset(root) {
  for (const span of root.querySelectorAll(".math[data-tex]:not([data-seen])")) {
    span.dataset.seen = "";
    seen.observe(span);
  }
}
