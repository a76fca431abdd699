// Keys pressed while a field or a dialog is on its way wait for it: nothing typed for a note may rate
// a step.

import { toast } from "./app.js";
import { isCombined, pressAgain, takesKeys, TYPING } from "./typing.js";

const PATIENCE = 10000; // ms that an opening may take
const PAUSE = 700; // ms without a key: whoever typed on has noticed that nothing opened
const EDITING = new Set(["Backspace", "Enter", "Escape", "Tab"]);
const LATE = "The server does not answer. Nothing was opened, and what you typed meanwhile is dropped.";

export class HeldKeys {
  #isCommand;
  #openings = 0;
  #held = [];
  #deafUntil = 0;

  /** `isCommand(event)` tells whether the page has an action for the key. */
  constructor(isCommand) {
    this.#isCommand = isCommand;
    addEventListener("keydown", (event) => this.#hold(event), { capture: true }); // before every other listener
  }

  /** Hold keys until `open(patience)` is done, then give them to what it opened; without that they are
      dropped. `patience` is a signal: once it is aborted nothing may open any more. */
  async during(open) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    this.#openings += 1;
    try {
      const opening = open(patience.signal);
      await Promise.race([opening, new Promise((_, late) => {
        patience.signal.addEventListener("abort", () => late(new Error(LATE)));
      })]);
    } catch (error) {
      if (error) toast(error.message, { bad: true }); // htmx rejects with nothing: the page has said why
    }
    clearTimeout(timer);
    this.#openings -= 1;
    if (this.#openings) return;
    if (takesKeys()) pressAgain(this.#held, () => !this.#openings);
    else this.#drop();
  }

  #drop() {
    this.#held.length = 0;
    this.#deafUntil = performance.now() + PAUSE;
  }

  #hold(event) {
    const deaf = performance.now() < this.#deafUntil;
    if (!(this.#openings || deaf) || event.target.matches(TYPING) || !this.#isMeant(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.#openings) this.#held.push(event);
    else this.#drop();
  }

  /** Text, editing and our commands; F5, Control+T and Shift alone stay with the browser. */
  #isMeant(event) {
    if (this.#isCommand(event)) return true;
    return !isCombined(event) && (event.key.length === 1 || EDITING.has(event.key));
  }
}
