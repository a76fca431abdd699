// Judgements on their way to the server. A request stays in localStorage until the server has
// answered it; its key makes sending it twice harmless. Order is kept: one at a time.

const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15000];
const BUSY = new Set([0, 408, 425, 429, 502, 503, 504]);

export class Queue {
  /** `onSaved(entry, html)`, `onRefused(entry, status, text)`, `onWaiting(count)`. */
  constructor(name, { csrf, onSaved, onRefused, onWaiting }) {
    this.name = name;
    this.csrf = csrf;
    Object.assign(this, { onSaved, onRefused, onWaiting });
    this.failures = 0;
    addEventListener("online", () => this.flush());
  }

  get entries() {
    try { return JSON.parse(localStorage.getItem(this.name)) ?? []; } catch { return []; }
  }

  #store(entries) {
    localStorage.setItem(this.name, JSON.stringify(entries));
  }

  /** Keep a request and start sending; `about` travels along for whoever draws the answer. */
  add(url, fields, about) {
    const entry = { key: crypto.randomUUID(), url, fields, about };
    this.#store([...this.entries, entry]);
    this.flush();
    return entry;
  }

  async flush() {
    clearTimeout(this.timer);
    if (this.sending) return;
    this.sending = true;
    try {
      for (let entry = this.entries[0]; entry; entry = this.entries[0]) {
        if (!(await this.#send(entry))) break;
      }
    } finally {
      this.sending = false;
    }
  }

  async #send(entry) {
    const answer = await this.#post(entry);
    const { status } = answer;
    if (BUSY.has(status) || answer.signIn) {
      this.#later(answer.signIn);
      return false;
    }
    this.failures = 0;
    this.#store(this.entries.filter(({ key }) => key !== entry.key));
    this.onWaiting(this.entries.length, false);
    if (status >= 200 && status < 300) this.onSaved(entry, answer.text);
    else this.onRefused(entry, status, answer.text);
    return true;
  }

  async #post({ url, fields, key }) {
    const body = new URLSearchParams({ ...fields, key });
    const headers = { "HX-Request": "true", "X-CSRFToken": this.csrf, Accept: "text/plain" };
    try {
      const response = await fetch(url, { method: "POST", body, headers, redirect: "manual" });
      const signIn = response.type === "opaqueredirect" || Boolean(response.headers.get("HX-Redirect"));
      return { status: response.status, text: signIn ? "" : await response.text(), signIn };
    } catch {
      return { status: 0, text: "" };
    }
  }

  #later(signIn) {
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.onWaiting(this.entries.length, signIn);
    this.timer = setTimeout(() => this.flush(), wait);
  }
}
