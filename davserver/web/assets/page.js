/**
 * The page: puts its parts together, and goes from folder to folder without loading itself anew.
 *
 * What the server wrote works without any of this. A folder that cannot be named here (no Unicode) stays as it came.
 */

import { liveBar } from "./bar.js";
import { Clipboard } from "./clipboard.js";
import { showCrumbs } from "./crumbs.js";
import { addressOf, liveFind } from "./find.js";
import { liveKeys } from "./keys.js";
import { ListView } from "./list.js";
import { Listing, keyOf } from "./listing.js";
import { showMe } from "./me.js";
import { Panel } from "./panel.js";
import { segmentsOf } from "./paths.js";
import { Selection } from "./selection.js";
import { announce, complain } from "./toasts.js";
import { Uploads } from "./uploads/uploads.js";
import { count, shown } from "./words.js";

class Page {
  constructor(state) {
    this.listing = new Listing(state.prefix, state.listing);
    this.selection = new Selection();
    this.list = new ListView(document.getElementById("list"), this.listing, this.selection);
    this.panel = new Panel(document.getElementById("panel"), this);
    this.clipboard = new Clipboard(this);
    this.uploads = new Uploads(this);
    liveBar(document.getElementById("bar"), this);
    liveFind(this.listing, this.list);
    liveKeys(this);
    showMe(document.getElementById("me"), state);
    this.#listen();
    this.#show();
    history.replaceState(null, "", addressOf(this.listing));
  }

  /** What an action is for: the selection, else the entry that has the focus. */
  targets() {
    if (this.selection.size) return this.selection.entries;
    return this.list.active && this.isInList() ? [this.list.active] : [];
  }

  isInList() {
    return this.list.table.contains(document.activeElement);
  }

  /** Open a folder; its address becomes the page's. `back` is the entry that gets the focus. */
  async go(segments, { push = true, back = null, query = { find: "" } } = {}) {
    try {
      if (!(await this.listing.open(segments, query))) return;
    } catch (error) {
      complain(error);
      return;
    }
    if (push) history.pushState(null, "", addressOf(this.listing));
    if (!back || !this.list.focusKey(back)) this.list.focus(0);
    announce(`${shown(segments.at(-1) ?? "Collections")}: ${count(this.listing.total, "entry", "entries")}`);
  }

  /** Go to the folder above, the focus on where we came from. */
  up() {
    const { segments, top } = this.listing;
    if (segments.length > top) this.go(segments.slice(0, -1), { back: segments.at(-1) });
  }

  /** Open a folder, or the details of a file. */
  activate(entry) {
    if (entry.href) location.assign(this.listing.hrefOf(entry));
    else if (entry.folder) this.go(this.listing.segmentsOf(entry));
    else this.panel.open(entry);
  }

  /** Look again after a change of ours; the entry of `key` gets the focus. */
  async changed({ key } = {}) {
    this.selection.clear();
    await this.listing.refresh();
    if (key === undefined || !this.list.focusKey(key)) this.list.focus(this.list.activeIndex);
  }

  #listen() {
    const { listing, list, selection } = this;
    list.addEventListener("activate", (event) => this.activate(event.detail));
    list.addEventListener("details", (event) => this.panel.open(event.detail));
    list.addEventListener("focus", (event) => this.panel.follow(event.detail));
    list.addEventListener("order", (event) => this.#order(event.detail));
    listing.addEventListener("opened", () => (selection.clear(), this.#show()));
    listing.addEventListener("changed", () => (this.#keepSelected(), this.#show()));
    listing.addEventListener("failed", (event) => complain(event.detail));
    addEventListener("popstate", () => this.#returned());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) listing.refresh().catch(() => {}); // whoever comes back asks again soon enough
    });
  }

  #order(column) {
    const { listing } = this;
    const isSame = listing.sort === column;
    const order = isSame ? (listing.order === "asc" ? "desc" : "asc") : column === "name" ? "asc" : "desc";
    const query = { sort: column, order, find: listing.find, deep: listing.deep };
    listing.open(listing.segments, query).then(() => {
      history.replaceState(null, "", addressOf(listing));
      announce(`Sorted by ${column}, ${order === "asc" ? "ascending" : "descending"}`);
    }, complain);
  }

  /** What was selected may be another by now: an action on it shall name what is there. */
  #keepSelected() {
    this.selection.only(
      this.selection.entries
        .filter((entry) => this.listing.indexOf(keyOf(entry)) >= 0)
        .map((entry) => this.listing.at(this.listing.indexOf(keyOf(entry)))),
    );
  }

  #returned() {
    const segments = segmentsOf(this.listing.prefix, location.pathname);
    const words = new URLSearchParams(location.search);
    if (segments === null) location.reload();
    else
      this.go(segments, {
        push: false,
        query: {
          sort: words.get("sort") ?? "name",
          order: words.get("order") ?? "asc",
          find: words.get("find") ?? "",
          deep: words.get("deep") === "1",
        },
      });
  }

  #show() {
    const { listing } = this;
    showCrumbs(listing, (segments) => this.go(segments));
    document.getElementById("pages").hidden = true;
    const empty = document.getElementById("empty");
    empty.hidden = listing.total > 0;
    empty.textContent = emptyWords(listing);
    this.list.table.setAttribute("aria-label", `Contents of ${document.title}`);
    document.querySelector("h1").textContent = document.title;
  }
}

function emptyWords(listing) {
  if (listing.find) return `Nothing ${listing.deep ? "below" : "here"} has “${shown(listing.find)}” in its name.`;
  if (listing.isRoot)
    return listing.mayWrite ? "No collection yet. Make the first one." : "There is nothing that you may see.";
  return listing.mayWrite ? "Nothing is here yet. Drop files here to upload them." : "Nothing is here.";
}

const state = JSON.parse(document.body.dataset.state);
if (state.listing.segments.every((name) => name.isWellFormed?.() ?? true)) {
  new Page(state);
  document.documentElement.classList.add("ready");
}
