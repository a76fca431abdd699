// Keeping the chosen card in sight.

/** Scroll just enough that a card stands below what is pinned on top and above the lower edge. */
export function keepInView(pane, card, pinned, foot = 0) {
  const height = pane.clientHeight - foot;
  const top = card.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  const above = top - pinned - 12;
  const below = top + Math.min(card.offsetHeight, height - pinned - 24) + 24 - height;
  if (above < 0) pane.scrollTop += above;
  else if (below > 0) pane.scrollTop += Math.min(above, below);
}

/** The problem stands on top of the pane, except in low windows, where it scrolls away. */
export function pinnedHeight(pane) {
  const problem = pane.querySelector(".problem");
  return getComputedStyle(problem).position === "sticky" ? problem.offsetHeight : 0;
}
