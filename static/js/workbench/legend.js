// What the colours mean, beside the button that chooses them.

import { numberText } from "./tree_model.js";

const $ = (id) => document.getElementById(id);

/** Write limits, unit and provenance of a colouring. */
export function showLegend(coloring) {
  const legend = $("legend");
  legend.querySelector("[data-low]").textContent = numberText(coloring.low, coloring.signed);
  legend.querySelector("[data-high]").textContent = numberText(coloring.high, coloring.signed);
  for (const swatch of legend.querySelectorAll("[class^=heat-neg]")) swatch.hidden = !coloring.two_sided;
  legend.setAttribute("aria-label", coloring.explained);
  legend.hidden = coloring.low === coloring.high; // nothing to tell apart: the text says why
  $("legend-text").textContent = coloring.caption;
  $("legend-more").textContent = coloring.explained;
  $("credit-head").textContent = coloring.label;
  $("color-name").textContent = coloring.label;
  $("color-by").value = coloring.key;
  for (const said of document.querySelectorAll(".legend-why")) said.hidden = said.dataset.key !== coloring.key;
}
