// What the page says while judgements wait for the server.

import { toast } from "./app.js";

/** Show how many wait; `signedOut`: until the person signs in again. */
export function showWaiting(count, signedOut) {
  const badge = document.getElementById("queued");
  if (badge) { // the frame of a queue's item has none
    badge.hidden = count === 0;
    badge.textContent = `${count} judgement${count === 1 ? "" : "s"} waiting for the server`;
  }
  if (signedOut) toast("Your session has ended. Sign in again in another tab; what you judged is kept here.", { bad: true });
}
