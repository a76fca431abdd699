// Formulas are typeset when they come on screen, and KaTeX is fetched when the first one does.

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

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    typesetOne(target);
  }
}, { rootMargin: "200px" });

async function typesetOne(span) {
  try {
    const katex = await katexReady(document.getElementById("main").dataset.katex);
    const display = span.classList.contains("display");
    katex.render(span.dataset.tex, span, { throwOnError: false, trust: false, maxSize: 20, maxExpand: 1000, displayMode: display });
    span.classList.add("done");
  } catch {
    loading = undefined; // the source of the formula stays; the next formula tries again
  }
}

/** Watch the formulas below `root`. */
export function typeset(root) {
  for (const span of root.querySelectorAll(".math[data-tex]:not([data-seen])")) {
    span.dataset.seen = "";
    seen.observe(span);
  }
}
