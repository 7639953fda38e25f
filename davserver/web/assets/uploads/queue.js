/**
 * The queue: a few uploads at once, the others in their turn. Each can be paused, taken up again, given up.
 *
 * States: waiting, sending, offline (waits for the line), asking (for what to do with a file that is there), paused,
 * done, skipped, failed.
 */

import { send } from "../http.js";
import { beside, hrefOf } from "../paths.js";
import { mark } from "./memory.js";
import { Conflict, sendFile } from "./send.js";

const AT_ONCE = 3;
const ACTIVE = ["sending", "offline", "asking"];

/** Events: "change" (something is another), "stored" (a file is there). */
export class Queue extends EventTarget {
  items = [];
  /** The items by their state: what comes next is found without a look at all of 10,000. */
  #by = new Map();
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
    this.#folders.clear(); // what was made for other uploads may be gone again
    for (const path of folders) this.#folder(target, [...target, ...path]).catch(() => {}); // the files in it will say so
    const underWay = this.#underWay();
    for (const { file, path } of files) {
      const segments = [...target, ...path];
      const same = underWay.get(mark(segments, file.size, file.lastModified));
      if (same) this.resume(same); // twice at once would be two writers of one upload
      if (same) continue;
      const item = { file, target, segments, state: "waiting", sent: 0, condition: {}, error: null, stop: null };
      this.items.push(item);
      this.among("waiting").add(item);
    }
    this.#go();
  }

  /** Return the items of a state, those that came into it first at first. */
  among(state) {
    if (!this.#by.has(state)) this.#by.set(state, new Set());
    return this.#by.get(state);
  }

  get isBusy() {
    return ["waiting", ...ACTIVE].some((state) => this.among(state).size > 0);
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
    for (const item of [...this.among("paused")]) this.#set(item, "waiting");
    this.#go();
  }

  /** Give an upload up. */
  drop(item) {
    this.pause(item);
    this.among(item.state).delete(item);
    this.items = this.items.filter((each) => each !== item);
    this.#tell();
  }

  /** Leave out what is over. */
  tidy() {
    this.items = this.items.filter((item) => !["done", "skipped"].includes(item.state));
    for (const state of ["done", "skipped"]) this.among(state).clear();
    this.#tell();
  }

  #go() {
    const isFull = () => ACTIVE.reduce((sum, state) => sum + this.among(state).size, 0) >= AT_ONCE;
    for (const item of this.among("waiting")) {
      if (isFull()) break;
      this.#run(item);
    }
    this.#tell();
  }

  /** Return the uploads that are not over, by what tells one from another. */
  #underWay() {
    const items = ["waiting", "paused", ...ACTIVE].flatMap((state) => [...this.among(state)]);
    return new Map(items.map((item) => [mark(item.segments, item.file.size, item.file.lastModified), item]));
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
          ? new Error("The file on your side is gone, or has changed. Choose it again.")
          : error;
      if (error.status === 409) this.#folders.clear(); // they are made anew if somebody tries again
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
    this.among(item.state).delete(item);
    this.among(state).add(item);
    item.state = state;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
