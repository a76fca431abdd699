// What the colours mean, beside the menu that chooses them.

import { numberText } from "./tree_model.js";

/** Write limits, unit and provenance of a colouring. */
export function showLegend(coloring) {
  const legend = document.getElementById("legend");
  legend.querySelector("[data-low]").textContent = numberText(coloring.low, coloring.signed);
  legend.querySelector("[data-high]").textContent = numberText(coloring.high, coloring.signed);
  for (const swatch of legend.querySelectorAll("[class^=heat-neg]")) swatch.hidden = !coloring.two_sided;
  const text = document.getElementById("legend-text");
  text.textContent = coloring.caption;
  text.title = coloring.explained;
  document.getElementById("credit-head").textContent = coloring.label;
  document.getElementById("color-by").value = coloring.key;
}
