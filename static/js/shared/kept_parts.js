// Parts of the page that stay, with their formulas, while the server's version of them is the same.

export class KeptParts {
  #sources = new Map(); // id of a part → its source as the server sent it

  /** The parts that the page came with. */
  constructor(parts) {
    for (const part of parts) this.#sources.set(part.id, part.outerHTML);
  }

  /** Put a part in the place of the one with its id, or by `insert` where there is none. */
  place(part, insert = () => {}) {
    const source = part.outerHTML;
    const there = document.getElementById(part.id);
    if (there && this.#sources.get(part.id) === source) return;
    this.#sources.set(part.id, source);
    if (there) there.replaceWith(part);
    else insert();
  }

  /** Make the children of `list` those of `fresh`, in their order. */
  placeAll(list, fresh) {
    const wanted = [...fresh.children];
    const ids = new Set(wanted.map(({ id }) => id));
    for (const child of [...list.children]) if (!ids.has(child.id)) { child.remove(); this.#sources.delete(child.id); }
    wanted.forEach((child, at) => this.place(child, () => list.insertBefore(child, list.children[at] ?? null)));
  }
}
