/** Uploads of this page: the queue, what is shown of it, and the ways files come in. */

import { ask } from "../dialogs.js";
import { h } from "../dom.js";
import { announce } from "../toasts.js";
import { shown, size } from "../words.js";
import { Dock } from "./dock.js";
import { liveDrop } from "./drop.js";
import { gatherChosen } from "./gather.js";
import { forget, mark, recall, remembered } from "./memory.js";
import { Queue } from "./queue.js";
import { request } from "./request.js";

const LOOK_AGAIN_MS = 1500;

export class Uploads {
  #looking = 0;

  constructor(page) {
    this.page = page;
    this.queue = new Queue(page.listing.prefix, question);
    this.dock = new Dock(document.getElementById("dock"), this.queue, {
      unfinished: () => this.#unfinished(),
      choose: (each) => this.#chooseAgain(each),
      giveUp: (each) => this.#giveUp(each),
    });
    this.queue.addEventListener("stored", () => this.#lookAgain());
    liveDrop(page, (segments, gathered) => this.add(segments, gathered));
    addEventListener("beforeunload", (event) => {
      if (this.queue.isBusy) event.preventDefault();
    });
  }

  /** Let somebody choose files, or a folder. */
  choose(isFolder) {
    const { segments } = this.page.listing;
    pick({ multiple: true, webkitdirectory: isFolder }, (files) => this.add(segments, gatherChosen(files)));
  }

  /** Upload what was gathered below a folder. */
  add(segments, gathered) {
    if (!gathered.files.length && !gathered.folders.length) return;
    this.queue.add(segments, gathered);
    announce(`Uploading ${gathered.files.length} files`);
    if (!gathered.files.length) this.#lookAgain();
  }

  /** What was begun before and is not in the queue. */
  #unfinished() {
    const known = remembered();
    if (!known.length) return known;
    const queued = new Set(this.queue.items.map(({ segments, file }) => mark(segments, file.size, file.lastModified)));
    return known.filter((each) => !queued.has(mark(each.segments, each.size, each.modified)));
  }

  #chooseAgain(each) {
    pick({}, ([file]) => {
      if (file && file.size === each.size && file.lastModified === each.modified) {
        this.add(each.segments.slice(0, -1), { files: [{ file, path: [each.segments.at(-1)] }], folders: [] });
      } else announce("That is another file.");
    });
  }

  /** Forget an upload, here and on the server. */
  #giveUp(each) {
    const url = each.url ?? recall(each.segments, each.file)?.url;
    if (!each.url) this.queue.drop(each);
    if (url) {
      forget(url);
      request("DELETE", url).catch(() => {}); // the server drops it after a day in any case
    }
    this.dock.renew();
  }

  /** Show what has come, but not after each of a thousand files. */
  #lookAgain() {
    this.#looking ||= setTimeout(
      () => {
        this.#looking = 0;
        this.page.listing.refresh().catch(() => {}); // the next one that is stored tries again
      },
      this.queue.isBusy ? LOOK_AGAIN_MS : 50,
    );
  }
}

function pick(options, take) {
  const input = h("input", {
    type: "file",
    class: "hidden",
    "aria-label": "Files to upload",
    tabindex: "-1",
    ...options,
  });
  input.addEventListener("change", () => {
    take([...input.files]);
    input.remove();
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

/** Ask what shall be of a file whose name is taken. */
function question(item) {
  const forAll = h("input", { type: "checkbox", id: "for-all" });
  const name = shown(item.segments.at(-1));
  return ask({
    title: `“${name}” is there already`,
    body: [
      h("p", {}, `The new one has ${size(item.file.size)}. What shall be?`),
      h("p", {}, h("label", { for: "for-all", class: "check" }, forAll, " Do the same for all others of this upload")),
    ],
    buttons: [
      { label: "Skip", value: "skip" },
      { label: "Keep both", value: "both" },
      { label: "Replace", kind: "primary", value: "replace" },
    ],
    answer: (what) => ({ what, forAll: forAll.checked }),
  });
}
