// What a person waits for is painted first; the rest follows in its own tasks.

/** Resolve once the changes made so far are on screen, or at once where nothing is painted. */
export function painted() {
  return new Promise((done) => {
    if (document.hidden) setTimeout(done);
    else requestAnimationFrame(() => setTimeout(done));
  });
}
