/**
 * What is selected: entries by their key. It tells "change" whenever it is another.
 */

import { keyOf } from "./listing.js";

/** As many as one request may change. */
export const MOST_SELECTED = 10_000;

export class Selection extends EventTarget {
  #entries = new Map();

  get size() {
    return this.#entries.size;
  }

  get entries() {
    return [...this.#entries.values()];
  }

  has(entry) {
    return this.#entries.has(keyOf(entry));
  }

  toggle(entry, on = !this.has(entry)) {
    if (on) this.#entries.set(keyOf(entry), entry);
    else this.#entries.delete(keyOf(entry));
    this.#tell();
  }

  /** Select these and no others. */
  only(entries) {
    this.#entries = new Map(entries.map((entry) => [keyOf(entry), entry]));
    this.#tell();
  }

  add(entries) {
    for (const entry of entries) this.#entries.set(keyOf(entry), entry);
    this.#tell();
  }

  clear() {
    if (this.size) this.only([]);
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
