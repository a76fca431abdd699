// Panes that scroll by themselves, inside a page that may scroll as one.

/** How far a pane scrolls so that the part between `start` and `end` shows between `low` and `high`. */
function nearest(start, end, low, high) {
  const [first, last] = [start - low, end - high];
  return first < 0 ? Math.min(0, Math.max(first, last)) : Math.max(0, Math.min(first, last));
}

/** Scroll the panes inside `root` until they show `part`; `root` itself and the page stay where they are. */
export function showInside(root, part) {
  for (let pane = part.parentElement; pane !== root; pane = pane.parentElement) {
    const [at, box] = [part.getBoundingClientRect(), pane.getBoundingClientRect()];
    pane.scrollBy(nearest(at.left, at.right, box.left, box.right), nearest(at.top, at.bottom, box.top, box.bottom));
  }
}
