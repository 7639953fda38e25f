/**
 * The viewer: one file over the page, and the way to those before and after it.
 *
 * A modal dialog: the browser keeps the focus in it, gives it back at the end, and Escape closes. Left and right go to
 * other files, unless what has the focus uses these keys itself (a player, a text that scrolls sideways).
 */

import { button, h, icon } from "../dom.js";
import { shown, size } from "../words.js";
import { show } from "./show.js";
import { dress } from "./style.js";

const AROUND = 1;
const OWN_KEYS = "audio, video, input, textarea, select, iframe";

class Viewer {
  #at = 0;
  #ends = [];
  #asking = new AbortController();

  /** @param {{count: number, file: (index: number) => Promise<object>}} files */
  constructor(files) {
    dress();
    this.files = files;
    this.title = h("h2", { class: "viewer-name", id: "viewer-name" });
    this.about = h("p", { class: "viewer-about", "aria-live": "polite" });
    this.stage = h("div", { class: "viewer-stage" });
    this.before = button("Before", "chevron", () => this.#go(-AROUND), { quiet: true, kind: "back" });
    this.after = button("After", "chevron", () => this.#go(AROUND), { quiet: true });
    const words = h("span", { class: "hidden" }, "Download");
    this.download = h("a", { class: "button quiet", title: "Download" }, icon("download"), words);
    this.close = button("Close", "close", () => this.dialog.close(), { quiet: true });
    const ways = h("div", { class: "viewer-ways" }, this.before, this.after, this.download, this.close);
    this.dialog = h(
      "dialog",
      {
        class: "viewer",
        "aria-labelledby": "viewer-name",
        tabindex: "-1",
        onclose: () => this.#end(),
        onkeydown: (event) => this.#key(event),
      },
      h("header", { class: "viewer-top" }, this.title, this.about, ways),
      this.stage,
    );
  }

  /** Show a file; resolves to the index of the last one that was shown, when the viewer is closed. */
  open(index) {
    document.body.append(this.dialog);
    this.dialog.showModal();
    this.dialog.focus(); // not a button: who opens a file wants to see it
    const over = new Promise((resolve) => this.dialog.addEventListener("close", () => resolve(this.#at)));
    this.#show(index);
    return over;
  }

  async #show(index) {
    this.#clear();
    this.#at = index;
    const asking = new AbortController();
    this.#asking = asking;
    // Not "disabled": a button that is takes the focus with it when it goes.
    this.before.setAttribute("aria-disabled", String(index === 0));
    this.after.setAttribute("aria-disabled", String(index >= this.files.count - 1));
    this.stage.replaceChildren(h("p", { class: "preview-wait", role: "status" }, "Loading …"));
    const ends = this.#ends;
    try {
      const file = await this.files.file(index);
      if (asking.signal.aborted) return;
      this.#head(file, index);
      const preview = await show(file, { signal: asking.signal, keep: (end) => ends.push(end) });
      if (asking.signal.aborted) for (const end of ends.splice(0)) end();
      else this.stage.replaceChildren(preview);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.stage.replaceChildren(h("p", { class: "preview-none", role: "alert" }, error.message));
    }
  }

  #head(file, index) {
    this.title.textContent = shown(file.name);
    this.about.textContent = `${size(file.size)} · ${index + 1} of ${this.files.count}`;
    this.download.setAttribute("href", file.href);
    this.download.setAttribute("download", file.name);
  }

  #go(by) {
    const next = this.#at + by;
    if (next >= 0 && next < this.files.count) this.#show(next);
  }

  #key(event) {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target instanceof Element && event.target.closest(OWN_KEYS)) return;
    const by = { ArrowLeft: -AROUND, ArrowRight: AROUND }[event.key];
    if (by === undefined || scrollsSideways(event.target, by)) return;
    event.preventDefault();
    this.#go(by);
  }

  #clear() {
    this.#asking.abort();
    for (const end of this.#ends) end();
    this.#ends = [];
  }

  #end() {
    this.#clear();
    this.dialog.remove();
  }
}

/** Tell whether a key moves what is in an element before it goes to another file. */
function scrollsSideways(element, by) {
  if (!(element instanceof Element) || element.scrollWidth <= element.clientWidth) return false;
  if (!element.matches(".code, .sheet")) return false;
  return by < 0 ? element.scrollLeft > 0 : element.scrollLeft + element.clientWidth < element.scrollWidth - 1;
}

/**
 * Show the files of a list, from one of them on.
 * @param {{count: number, file: (index: number) => Promise<object>}} files
 */
export function view(files, index) {
  return new Viewer(files).open(index);
}
