/** The uploads on the screen: what is under way, what went wrong, what was begun before this page was loaded. */

import { button, h, icon, keep } from "../dom.js";
import { count, duration, shown } from "../words.js";
import { Row } from "./row.js";

const MOST_SHOWN = 60;
const FIRST = ["failed", "asking", "sending", "offline", "paused", "waiting", "done", "skipped"];

export class Dock {
  #frame = 0;
  #held = false;
  #seen = [];
  #rows = new Map();
  #olds = new Map();
  #title = h("h2");
  #head = h("header", {}, this.#title);
  #list = h("ul", { class: "dock-items" });
  #section = h("section", { class: "dock", "aria-label": "Uploads" }, this.#head, this.#list);

  constructor(element, queue, { unfinished, choose, giveUp }) {
    this.element = element;
    this.queue = queue;
    this.unfinished = unfinished;
    this.choose = choose;
    this.giveUp = giveUp;
    queue.addEventListener("change", () => this.#soon());
    this.#stayWhilePressed();
    this.#soon();
  }

  /** Draw at most once a frame: progress comes in hundreds of events. */
  #soon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#held) this.#draw();
    });
  }

  /** A button whose upload goes into another state between press and release would never be clicked. */
  #stayWhilePressed() {
    const hold = () => {
      this.#held = true;
    };
    const release = () => {
      if (this.#held) this.#soon();
      this.#held = false;
    };
    this.element.addEventListener("pointerdown", hold);
    this.element.addEventListener("keydown", (event) => event.key === " " && hold());
    for (const end of ["pointerup", "pointercancel", "keyup", "blur"]) window.addEventListener(end, release);
  }

  /** Look at what is unfinished anew. */
  renew() {
    this.#soon();
  }

  #draw() {
    const { items } = this.queue;
    const old = this.unfinished();
    const focused = document.activeElement?.dataset?.key;
    const shownItems = this.#first(MOST_SHOWN);
    const more = items.length - shownItems.length;
    this.#rows = new Map(shownItems.map((item) => [item, this.#row(item)]));
    this.#olds = new Map(old.map((each) => [keyOf(each), this.#olds.get(keyOf(each)) ?? this.#old(each)]));
    this.#tellAll(items);
    keep(this.#list, [
      ...this.#olds.values(),
      ...[...this.#rows.values()].map((row) => row.element),
      ...(more > 0 ? [h("li", { class: "dock-more" }, `and ${count(more, "more", "more")}`)] : []),
    ]);
    keep(this.element, items.length || old.length ? [this.#section] : []);
    if (focused && document.activeElement?.dataset?.key !== focused)
      this.element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  /** Return the items to be shown: of thousands only as many are looked at. */
  #first(most) {
    const found = [];
    for (const state of FIRST)
      for (const item of this.queue.among(state)) {
        if (found.length === most) return found;
        found.push(item);
      }
    return found;
  }

  #row(item) {
    const row = this.#rows.get(item);
    if (!row?.isCurrent) return new Row(item, this);
    row.tell();
    return row;
  }

  #tellAll(items) {
    const open = items.filter((item) => !["done", "skipped", "failed"].includes(item.state));
    this.#title.textContent = this.#summary(items, open);
    const paused = open.length > 0 && open.every((item) => item.state === "paused");
    const way = !open.length ? "tidy" : paused ? "resume" : "pause";
    if (this.#head.dataset.way === way) return;
    this.#head.dataset.way = way;
    const [label, glyph, run] = {
      tidy: ["Clear the list", "close", () => this.queue.tidy()],
      resume: ["Resume all", "play", () => this.queue.resumeAll()],
      pause: ["Pause all", "pause", () => this.queue.pauseAll()],
    }[way];
    keep(this.#head, [this.#title, button(label, glyph, run, { quiet: true, "data-key": "all" })]);
  }

  #summary(items, open) {
    if (!items.length) return "Unfinished uploads";
    const failed = items.filter((item) => item.state === "failed").length;
    if (!open.length) return failed ? `${count(failed, "upload")} failed` : `${count(items.length, "upload")} done`;
    const [sent, whole] = [sum(items, (item) => item.sent), sum(items, (item) => item.file.size)];
    const left = this.#left(sent, whole);
    return `Uploading ${count(open.length, "file")} · ${percent(sent, whole)}${left ? ` · ${left} left` : ""}`;
  }

  /** How long the rest takes, at the speed of the last ten seconds. */
  #left(sent, whole) {
    const now = performance.now() / 1000;
    this.#seen = [...this.#seen.filter(([at]) => now - at < 10), [now, sent]];
    const [first] = this.#seen;
    const speed = (sent - first[1]) / (now - first[0]);
    return now - first[0] > 1.5 && speed > 0 ? duration((whole - sent) / speed) : "";
  }

  #old(each) {
    const name = shown(each.segments.at(-1));
    return h(
      "li",
      { class: "dock-item paused" },
      icon("history"),
      h(
        "div",
        { class: "dock-words" },
        h("bdi", { class: "dock-name" }, name),
        h("span", { class: "dock-state" }, "Was not finished. Choose the file again to go on where it stopped."),
      ),
      button(`Choose again: ${name}`, "play", () => this.choose(each), { quiet: true }),
      button(`Give up: ${name}`, "close", () => this.giveUp(each), { quiet: true }),
    );
  }
}

const keyOf = (each) => JSON.stringify(each); // of plain values, as remembered
const sum = (items, of) => items.reduce((total, item) => total + of(item), 0);

function percent(sent, whole) {
  return `${whole ? Math.floor((100 * sent) / whole) : 100} %`;
}
