/**
 * The queue: a few uploads at once, the others in their turn. Each can be paused, taken up again, given up.
 *
 * States: waiting, sending, offline (waits for the line), asking (for what to do with a file that is there), paused,
 * done, skipped, failed.
 */

import { send } from "../http.js";
import { beside, hrefOf } from "../paths.js";
import { Conflict, sendFile } from "./send.js";

const AT_ONCE = 3;

/** Events: "change" (something is another), "stored" (a file is there). */
export class Queue extends EventTarget {
  items = [];
  #folders = new Map();
  #asking = Promise.resolve();
  #choice = null;

  /** `ask` resolves to {what: "replace"|"both"|"skip", forAll: boolean} for a file that is there. */
  constructor(prefix, ask) {
    super();
    this.prefix = prefix;
    this.ask = ask;
  }

  /** Add files below a folder, and the folders that have to be there. */
  add(target, { files, folders }) {
    this.#choice = null;
    for (const path of folders) this.#folder(target, [...target, ...path]).catch(() => {}); // the files in it will say so
    for (const { file, path } of files) {
      this.items.push({
        file,
        target,
        segments: [...target, ...path],
        state: "waiting",
        sent: 0,
        condition: {},
        error: null,
        stop: null,
      });
    }
    this.#go();
  }

  get active() {
    return this.items.filter((item) => ["sending", "offline", "asking"].includes(item.state));
  }

  get isBusy() {
    return this.items.some((item) => ["waiting", "sending", "offline", "asking"].includes(item.state));
  }

  pause(item) {
    if (["waiting", "sending", "offline"].includes(item.state)) {
      const { stop } = item;
      this.#set(item, "paused");
      stop?.abort();
    }
  }

  resume(item) {
    if (["paused", "failed"].includes(item.state)) this.#set(item, "waiting");
    this.#go();
  }

  pauseAll() {
    for (const item of this.items) this.pause(item);
  }

  resumeAll() {
    for (const item of this.items.filter((each) => each.state === "paused")) this.#set(item, "waiting");
    this.#go();
  }

  /** Give an upload up. */
  drop(item) {
    this.pause(item);
    this.items = this.items.filter((each) => each !== item);
    this.#tell();
  }

  /** Leave out what is over. */
  tidy() {
    this.items = this.items.filter((item) => !["done", "skipped"].includes(item.state));
    this.#tell();
  }

  #go() {
    for (const item of this.items) {
      if (this.active.length >= AT_ONCE) break;
      if (item.state === "waiting") this.#run(item);
    }
    this.#tell();
  }

  async #run(item) {
    const stop = new AbortController();
    item.stop = stop;
    item.error = null;
    this.#set(item, "sending");
    try {
      await this.#folder(item.target, item.segments.slice(0, -1));
      await sendFile({
        prefix: this.prefix,
        segments: item.segments,
        file: item.file,
        condition: item.condition,
        signal: stop.signal,
        progress: (sent) => ((item.sent = sent), this.#tell()),
        waiting: (isWaiting) => this.#set(item, isWaiting ? "offline" : "sending"),
      });
      item.sent = item.file.size;
      this.#set(item, "done");
      this.dispatchEvent(new CustomEvent("stored", { detail: item }));
    } catch (error) {
      await this.#failed(item, stop, error);
    }
    this.#go();
  }

  async #failed(item, stop, error) {
    if (stop.signal.aborted) return; // whoever stopped it said what it is now
    if (error instanceof Conflict) await this.#settle(item);
    else {
      item.error =
        error.name === "NotFoundError" || error.name === "NotReadableError"
          ? new Error("The file on your side is gone, or has changed.")
          : error;
      this.#set(item, "failed");
    }
  }

  /** Ask what shall be of a file that is there; one question at a time. */
  async #settle(item) {
    this.#set(item, "asking");
    const mine = this.#asking.then(async () => {
      const answer = this.#choice ?? (await this.ask(item));
      if (answer?.forAll) this.#choice = answer;
      return answer?.what ?? "skip";
    });
    this.#asking = mine.catch(() => {});
    const what = await mine;
    if (what === "skip") this.#set(item, "skipped");
    else if (what === "both") {
      item.segments = [...item.segments.slice(0, -1), beside(item.segments.at(-1))];
      item.condition = {};
      this.#set(item, "waiting");
    } else await this.#replace(item);
  }

  /** Take the place of the file that is there now, and of no other. */
  async #replace(item) {
    try {
      const response = await send("HEAD", hrefOf(this.prefix, item.segments, false));
      const etag = response.headers.get("ETag")?.replace(/^W\/|"/g, "");
      if (!etag) throw new Error("A folder of this name is there.");
      item.condition = { etag };
      this.#set(item, "waiting");
    } catch (error) {
      if (error.status === 404) {
        item.condition = {};
        this.#set(item, "waiting");
      } else {
        item.error = error;
        this.#set(item, "failed");
      }
    }
  }

  /** Make a folder and those above it, down from the target; each once. */
  #folder(target, segments) {
    if (segments.length <= target.length) return Promise.resolve();
    const key = JSON.stringify(segments);
    let made = this.#folders.get(key);
    if (!made) {
      made = this.#folder(target, segments.slice(0, -1)).then(() => this.#make(segments));
      this.#folders.set(key, made);
      made.catch(() => this.#folders.delete(key));
    }
    return made;
  }

  async #make(segments) {
    try {
      await send("MKCOL", hrefOf(this.prefix, segments, true));
    } catch (error) {
      if (error.status !== 405) throw error; // 405: it is there
    }
  }

  #set(item, state) {
    item.state = state;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
