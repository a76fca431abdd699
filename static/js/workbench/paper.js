// On paper: the tree unrolled in the order of reading, the map in the colours of the light theme.

const MOST = 400; // rows, as many as the page ever holds

/** Say above the printed rows which they are, where they are not all or lack their texts. */
function said({ first, last, all, textless }) {
  const part = all > last - first + 1 ? `Rows ${first} to ${last} of ${all}, around the chosen step.` : "";
  const without = textless ? `${textless} of them have not been on screen and are printed without their text.` : "";
  return [part, without].filter(Boolean).join(" ");
}

export function listenPrint(outline, icicle) {
  const note = document.getElementById("printed");
  addEventListener("beforeprint", () => {
    icicle.paper(true);
    note.textContent = said(outline.unroll(MOST));
    note.hidden = !note.textContent;
  });
  addEventListener("afterprint", () => {
    note.hidden = true;
    outline.roll();
    icicle.paper(false);
  });
  // Printing waits for no server: what fits on paper has its texts before it is asked for.
  outline.fill(MOST);
}
