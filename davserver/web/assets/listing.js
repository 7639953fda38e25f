/**
 * A folder as the page knows it: what the server said, a block of entries at a time.
 *
 * Entries are asked for by their index. While the server's stamp is the same an index means the same entry; when it
 * changes, every block is forgotten. At most MOST_BLOCKS are kept, whatever the folder holds.
 */

import { json } from "./http.js";
import { hrefOf } from "./paths.js";

const BLOCK = 200;
const MOST_BLOCKS = 60;

/**
 * @typedef {{name: string, folder: boolean, modified: number, size?: number, etag?: string, type?: string,
 *   files?: number, where?: string[], right?: string, href?: string}} Entry
 */

/** Events: "opened" (another folder or order), "changed" (the same one, other entries), "loaded" (entries came). */
export class Listing extends EventTarget {
  #blocks = new Map();
  #generation = 0;

  /** Begin with what came with the page. */
  constructor(prefix, told) {
    super();
    this.prefix = prefix;
    this.#take(told);
    if (told.offset === 0) this.#keep(0, told.entries);
  }

  /** Return the entry at an index if it is known; else ask for it, and "loaded" tells when it is there. */
  at(index) {
    const number = Math.floor(index / BLOCK);
    const block = this.#blocks.get(number);
    if (block === undefined) this.load(number).catch((error) => this.#failed(error));
    return Array.isArray(block) ? block[index % BLOCK] : undefined;
  }

  /** Return the index of an entry among those that are known, or -1. */
  indexOf(key) {
    for (const [number, block] of this.#blocks) {
      const found = Array.isArray(block) ? block.findIndex((entry) => keyOf(entry) === key) : -1;
      if (found >= 0) return number * BLOCK + found;
    }
    return -1;
  }

  /** Ask for a block; resolves when it is here. */
  load(number) {
    const known = this.#blocks.get(number);
    if (known) return Promise.resolve(known);
    const generation = this.#generation;
    const asking = this.#ask(this.query, number * BLOCK, BLOCK).then((told) => {
      if (generation !== this.#generation) return [];
      const isOther = told.stamp !== this.stamp || told.total !== this.total;
      if (isOther) this.#forget();
      this.#take(told);
      this.#keep(number, told.entries);
      this.dispatchEvent(new Event(isOther ? "changed" : "loaded"));
      return told.entries;
    });
    this.#blocks.set(number, asking);
    asking.catch(() => this.#blocks.delete(number));
    return asking;
  }

  /** Return the entries from one index to another, asking for what is missing. */
  async range(first, last) {
    const entries = [];
    for (let number = Math.floor(first / BLOCK); number <= Math.floor(last / BLOCK); number += 1) {
      const block = await this.load(number);
      entries.push(...block.slice(Math.max(0, first - number * BLOCK), Math.max(0, last + 1 - number * BLOCK)));
    }
    return entries;
  }

  /** Open another folder, or the same one in another order; throws Refused, and then nothing has changed. */
  async open(segments, query = {}) {
    this.#generation += 1;
    const generation = this.#generation;
    const asked = { sort: this.sort, order: this.order, find: "", deep: false, ...query };
    const told = await this.#ask({ segments, ...asked }, 0, BLOCK);
    if (generation !== this.#generation) return false;
    this.#forget();
    this.#take(told);
    this.#keep(0, told.entries);
    this.dispatchEvent(new Event("opened"));
    return true;
  }

  /** Ask whether anything changed; "changed" tells if it did. */
  async refresh() {
    const generation = this.#generation;
    const told = await this.#ask(this.query, 0, BLOCK);
    if (generation !== this.#generation) return;
    if (told.stamp && told.stamp === this.stamp && told.total === this.total && told.right === this.right) return;
    this.#forget();
    this.#take(told);
    this.#keep(0, told.entries);
    this.dispatchEvent(new Event("changed"));
  }

  get query() {
    return { segments: this.segments, sort: this.sort, order: this.order, find: this.find, deep: this.deep };
  }

  /** Whether who asks may change what is in this folder. */
  get mayWrite() {
    return this.right !== "read" && this.kind !== "version" && this.kind !== "space";
  }

  /** How many names of an address nobody goes above: by a link one does not come to other links. */
  get top() {
    return this.kind === "shared" ? 1 : 0;
  }

  get isRoot() {
    return this.kind === "root";
  }

  /** Return the names of an entry's address. */
  segmentsOf(entry) {
    return [...this.segments, ...(entry.where ?? []), entry.name];
  }

  /** Return the path of an entry in its collection. */
  pathOf(entry) {
    return [...this.path, ...(entry.where ?? []), entry.name];
  }

  /** Return the address of the folder itself. */
  hrefOfFolder() {
    return hrefOf(this.prefix, this.segments, true);
  }

  /** Return the address of an entry. */
  hrefOf(entry) {
    return entry.href ? this.prefix + entry.href : hrefOf(this.prefix, this.segmentsOf(entry), entry.folder);
  }

  #ask({ segments, sort, order, find, deep }, offset, limit) {
    const words = new URLSearchParams({ sort, order, offset: String(offset), limit: String(limit) });
    if (find) words.set("find", find);
    if (find && deep) words.set("deep", "1");
    return json("GET", `${this.prefix}/_/api/list${hrefOf("", segments, true)}?${words}`);
  }

  #take(told) {
    const { segments, kind, collection, path, right, stamp, sort, order, find, deep, total, complete } = told;
    Object.assign(this, { segments, kind, collection, path, right, stamp, sort, order, find, deep, total, complete });
  }

  #keep(number, entries) {
    this.#blocks.delete(number);
    this.#blocks.set(number, entries);
    if (this.#blocks.size > MOST_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value);
  }

  #forget() {
    this.#generation += 1;
    this.#blocks.clear();
  }

  #failed(error) {
    this.dispatchEvent(new CustomEvent("failed", { detail: error }));
  }
}

/** Return what tells an entry from the others of its listing. */
export function keyOf(entry) {
  return [...(entry.where ?? []), entry.name].join("/");
}
