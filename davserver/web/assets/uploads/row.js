/** One upload on the screen. Its elements stay while its state does: only words and the bar follow what was sent. */

import { button, h, icon } from "../dom.js";
import { shown, size } from "../words.js";

const STATES = {
  waiting: "Waiting",
  offline: "Waiting for the network…",
  asking: "There is one of this name",
  paused: "Paused",
  done: "Done",
  skipped: "Skipped",
  failed: "Failed",
};
const ICONS = { done: "check", failed: "warning", skipped: "close" };

export class Row {
  #words = h("span", { class: "dock-state" });
  #bar = null;

  /** `queue` pauses and resumes the item, `giveUp` ends it. */
  constructor(item, { queue, giveUp }) {
    this.item = item;
    this.state = item.state;
    this.error = item.error;
    const name = shown(item.segments.at(-1));
    if (["sending", "offline", "paused"].includes(item.state))
      this.#bar = h("progress", { max: "1", "aria-label": `Sent of ${name}` });
    this.element = h(
      "li",
      { class: `dock-item ${item.state}` },
      icon(ICONS[item.state] ?? "upload"),
      h(
        "div",
        { class: "dock-words" },
        h("bdi", { class: "dock-name", title: shown(item.segments.join("/")) }, name),
        this.#words,
        this.#bar,
      ),
      ...ways(item, queue, giveUp).map(([label, glyph, run, slot]) =>
        button(`${label}: ${name}`, glyph, run, { quiet: true, "data-key": `${slot} ${item.segments.join("/")}` }),
      ),
    );
    this.tell();
  }

  /** Whether these elements are those of the item's state. */
  get isCurrent() {
    return this.state === this.item.state && this.error === this.item.error;
  }

  /** Say how far the upload is. */
  tell() {
    const { state, error, sent, file } = this.item;
    const words = error ? error.message : STATES[state] || `${size(sent)} of ${size(file.size)}`;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    if (this.#bar) this.#bar.value = file.size ? sent / file.size : 0;
  }
}

/** What can be done with an upload: label, icon, action, and its slot, which keeps the focus from one state to the next. */
function ways(item, queue, giveUp) {
  const found = [];
  if (["waiting", "sending", "offline"].includes(item.state))
    found.push(["Pause", "pause", () => queue.pause(item), "go"]);
  if (item.state === "paused") found.push(["Resume", "play", () => queue.resume(item), "go"]);
  if (item.state === "failed") found.push(["Try again", "retry", () => queue.resume(item), "go"]);
  if (!["done", "skipped", "asking"].includes(item.state)) found.push(["Cancel", "close", () => giveUp(item), "end"]);
  return found;
}
