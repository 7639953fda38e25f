/** The uploads on the screen: what is under way, what went wrong, what was begun before this page was loaded. */

import { button, fill, h, icon } from "../dom.js";
import { count, duration, shown, size } from "../words.js";

const MOST_SHOWN = 60;
const STATES = {
  waiting: "Waiting",
  sending: "",
  offline: "Waiting for the network…",
  asking: "There is one of this name",
  paused: "Paused",
  done: "Done",
  skipped: "Skipped",
  failed: "Failed",
};
const FIRST = ["failed", "asking", "sending", "offline", "paused", "waiting", "done", "skipped"];

export class Dock {
  #frame = 0;
  #held = false;
  #seen = [];

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

  /** A button that is drawn anew between press and release is never clicked. */
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
    if (!items.length && !old.length) {
      fill(this.element);
      return;
    }
    const focused = document.activeElement?.dataset?.key;
    const shownItems = [...items].sort((a, b) => FIRST.indexOf(a.state) - FIRST.indexOf(b.state)).slice(0, MOST_SHOWN);
    const more = items.length - shownItems.length;
    fill(
      this.element,
      h(
        "section",
        { class: "dock", "aria-label": "Uploads" },
        this.#head(items),
        h(
          "ul",
          { class: "dock-items" },
          ...old.map((each) => this.#old(each)),
          ...shownItems.map((item) => this.#item(item)),
          more > 0 && h("li", { class: "dock-more" }, `and ${count(more, "more", "more")}`),
        ),
      ),
    );
    if (focused) this.element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #head(items) {
    const open = items.filter((item) => !["done", "skipped", "failed"].includes(item.state));
    const paused = open.length > 0 && open.every((item) => item.state === "paused");
    const ways = [];
    if (open.length) {
      const way = paused
        ? ["Resume all", "play", () => this.queue.resumeAll()]
        : ["Pause all", "pause", () => this.queue.pauseAll()];
      ways.push(button(...way, { quiet: true, "data-key": "all" }));
    } else ways.push(button("Clear the list", "close", () => this.queue.tidy(), { quiet: true, "data-key": "tidy" }));
    return h("header", {}, h("h2", {}, this.#title(items, open)), ...ways);
  }

  #title(items, open) {
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

  #item(item) {
    const key = item.segments.join("/");
    const share = item.file.size ? item.sent / item.file.size : Number(item.state === "done");
    const isOpen = ["sending", "offline", "paused"].includes(item.state);
    const state = item.error
      ? item.error.message
      : STATES[item.state] || `${size(item.sent)} of ${size(item.file.size)}`;
    const ways = [];
    if (["waiting", "sending", "offline"].includes(item.state))
      ways.push(["Pause", "pause", () => this.queue.pause(item)]);
    if (item.state === "paused") ways.push(["Resume", "play", () => this.queue.resume(item)]);
    if (item.state === "failed") ways.push(["Try again", "retry", () => this.queue.resume(item)]);
    if (!["done", "skipped", "asking"].includes(item.state)) ways.push(["Cancel", "close", () => this.giveUp(item)]);
    return h(
      "li",
      { class: `dock-item ${item.state}` },
      icon({ done: "check", failed: "warning", skipped: "close" }[item.state] ?? "upload"),
      h(
        "div",
        { class: "dock-words" },
        h("bdi", { class: "dock-name", title: shown(key) }, shown(item.segments.at(-1))),
        h("span", { class: "dock-state" }, state),
        isOpen && h("progress", { max: "1", value: share, "aria-label": `Sent of ${shown(item.segments.at(-1))}` }),
      ),
      ...ways.map(([label, name, run]) =>
        button(`${label}: ${shown(item.segments.at(-1))}`, name, run, { quiet: true, "data-key": `${label} ${key}` }),
      ),
    );
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

const sum = (items, of) => items.reduce((total, item) => total + of(item), 0);

function percent(sent, whole) {
  return `${whole ? Math.floor((100 * sent) / whole) : 100} %`;
}
