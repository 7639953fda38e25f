/** Cut, copy and paste: of entries, between folders of this page. */

import { transfer } from "./changes.js";
import { toast } from "./toasts.js";
import { count } from "./words.js";

export class Clipboard {
  #held = null;

  constructor(page) {
    this.page = page;
  }

  /** Hold what is selected, to be moved or copied. */
  take(how) {
    const targets = this.page.targets().filter((entry) => !entry.href);
    const { listing } = this.page;
    if (!targets.length || listing.isRoot || (how === "move" && !listing.mayWrite)) return;
    // The listing goes on to another folder: what it says of this one is held with the entries.
    this.#held = { how, targets, from: Object.assign(Object.create(Object.getPrototypeOf(listing)), listing) };
    toast(
      `${how === "move" ? "Cut" : "Copied"} ${count(targets.length, "entry", "entries")}: Ctrl V puts them where you are then.`,
    );
  }

  /** Put what is held into the folder that is shown. */
  async paste() {
    const { listing } = this.page;
    if (!this.#held || !listing.mayWrite || listing.isRoot) return;
    const { how, targets, from } = this.#held;
    await transfer(from, targets, how, listing);
    if (how === "move") this.#held = null;
    await this.page.changed({ key: targets[0].name });
    toast(`${how === "move" ? "Moved" : "Copied"} ${count(targets.length, "entry", "entries")} here.`);
  }
}
