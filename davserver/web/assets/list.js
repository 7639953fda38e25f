/**
 * The list on the screen: a grid of which only the rows in sight exist, and the one that has the focus.
 *
 * A row is placed by its index, so 100,000 entries are as quick as ten. Beyond MOST_PX a browser cannot scroll: then
 * the scroll bar stands for a share of the list instead of pixels.
 */

import { fill, h } from "./dom.js";
import { row } from "./row.js";

const MOST_PX = 12_000_000;
const MORE_ROWS = 8;

/** Events: "activate" (detail: entry), "details" (entry), "focus" (entry), "order" (column). */
export class ListView extends EventTarget {
  #rows = new Map();
  #active = 0;
  #anchor = 0;
  #frame = 0;

  constructor(table, listing, selection) {
    super();
    this.table = table;
    this.listing = listing;
    this.selection = selection;
    this.body = table.tBodies[0];
    this.#enhance();
    listing.addEventListener("opened", () => this.#reset());
    for (const event of ["changed", "loaded"]) listing.addEventListener(event, () => this.#renew());
    selection.addEventListener("change", () => this.#renew());
    addEventListener("scroll", () => this.#soon(), { passive: true });
    addEventListener("resize", () => this.#renew());
    this.#reset({ scroll: false });
  }

  /** The entry that has the focus, or would have it; undefined in an empty list. */
  get active() {
    return this.listing.at(this.#active);
  }

  get activeIndex() {
    return this.#active;
  }

  /** Give an entry the focus, bring it into sight; `extend` selects all from the anchor to it. */
  async focus(index, { extend = false, focus = true } = {}) {
    if (!this.listing.total) return;
    this.#active = Math.min(Math.max(index, 0), this.listing.total - 1);
    this.#reveal(this.#active);
    this.#renew();
    if (focus) this.#rows.get(this.#active)?.focus({ preventScroll: true });
    if (extend) await this.#selectRange();
    else this.#anchor = this.#active;
    const entry = this.active;
    if (entry) this.dispatchEvent(new CustomEvent("focus", { detail: entry }));
  }

  /** Give the focus to an entry by its key, if it is known. */
  focusKey(key) {
    const index = this.listing.indexOf(key);
    if (index >= 0) this.focus(index);
    return index >= 0;
  }

  /** How many rows a page of the screen has. */
  get pageRows() {
    return Math.max(1, Math.floor((innerHeight - this.#above()) / this.#rowPx()) - 1);
  }

  async #selectRange() {
    const [first, last] = [Math.min(this.#anchor, this.#active), Math.max(this.#anchor, this.#active)];
    this.selection.only(await this.listing.range(first, last));
  }

  /** Turn the server's table into a grid. */
  #enhance() {
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-multiselectable", "true");
    this.table.classList.add("live");
    const heads = this.table.tHead.rows[0];
    heads.prepend(h("th", { role: "columnheader", class: "c-select" }, h("span", { class: "hidden" }, "Selected")));
    heads.append(h("th", { role: "columnheader", class: "c-more" }, h("span", { class: "hidden" }, "Details")));
    for (const [name, cell] of this.#columns()) {
      cell.querySelector("a").addEventListener("click", (event) => {
        event.preventDefault();
        this.dispatchEvent(new CustomEvent("order", { detail: name }));
      });
    }
    this.body.addEventListener("click", (event) => this.#clicked(event));
    this.body.addEventListener("dblclick", (event) => this.#doubleClicked(event));
    this.body.addEventListener("focusin", (event) => this.#focused(event));
  }

  #columns() {
    return ["name", "size", "modified"].map((name) => [name, this.table.tHead.querySelector(`.c-${name}`)]);
  }

  #reset({ scroll = true } = {}) {
    this.#active = 0;
    this.#anchor = 0;
    if (scroll) scrollTo(0, 0);
    for (const [name, cell] of this.#columns()) {
      const direction = this.listing.order === "desc" ? "descending" : "ascending";
      cell.setAttribute("aria-sort", this.listing.sort === name ? direction : "none");
    }
    this.#renew();
  }

  /** Make all rows anew: what they show has changed. */
  #renew() {
    const hadFocus = this.body.contains(document.activeElement) && document.activeElement?.closest("tr");
    this.#active = Math.min(this.#active, Math.max(0, this.listing.total - 1));
    this.#rows.clear();
    fill(this.body);
    this.#draw();
    if (hadFocus) this.#rows.get(this.#active)?.focus({ preventScroll: true });
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  /** Put the rows in sight where they belong, and take the others away. */
  #draw() {
    const total = this.listing.total;
    const height = Math.min(total * this.#rowPx(), MOST_PX);
    this.body.style.height = `${height}px`;
    this.table.setAttribute("aria-rowcount", String(total + 1));
    const { first, count } = this.#sight();
    const wanted = new Set([Math.min(this.#active, total - 1)]);
    const [from, to] = [
      Math.max(0, Math.floor(first) - MORE_ROWS),
      Math.min(total - 1, Math.ceil(first + count) + MORE_ROWS),
    ];
    for (let index = from; index <= to; index += 1) wanted.add(index);
    for (const [index, element] of this.#rows) {
      if (!wanted.has(index)) {
        element.remove();
        this.#rows.delete(index);
      }
    }
    for (const index of [...wanted].filter((each) => each >= 0).sort((a, b) => a - b)) this.#place(index, first);
  }

  #place(index, first) {
    let element = this.#rows.get(index);
    if (!element) {
      element = row(index, this.listing.at(index), this.listing, this.selection, index === this.#active);
      this.#rows.set(index, element);
      const after = [...this.#rows.keys()].filter((each) => each > index);
      this.body.insertBefore(element, after.length ? this.#rows.get(Math.min(...after)) : null);
    }
    const scaled = this.listing.total * this.#rowPx() > MOST_PX;
    const top = scaled ? this.#scrolled() + (index - first) * this.#rowPx() : index * this.#rowPx();
    element.style.transform = `translateY(${top}px)`;
  }

  /** The first index in sight (a fraction while a row is half out of it), and how many are. */
  #sight() {
    const [px, total] = [this.#rowPx(), this.listing.total];
    const count = innerHeight / px;
    const height = Math.min(total * px, MOST_PX);
    const scrolled = this.#scrolled();
    if (total * px <= MOST_PX) return { first: scrolled / px, count };
    return { first: (scrolled / Math.max(1, height - innerHeight)) * Math.max(0, total - count), count };
  }

  #scrolled() {
    return Math.max(0, -this.body.getBoundingClientRect().top);
  }

  #rowPx() {
    return parseFloat(getComputedStyle(this.table).getPropertyValue("--row")) || 44;
  }

  /** What of the window is covered above the rows: the bars that stay. */
  #above() {
    return parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  }

  #reveal(index) {
    const px = this.#rowPx();
    const bodyTop = scrollY + this.body.getBoundingClientRect().top;
    if (this.listing.total * px > MOST_PX) {
      const share = index / Math.max(1, this.listing.total - innerHeight / px);
      const { first, count } = this.#sight();
      if (index < first || index > first + count - 2) scrollTo(0, bodyTop + share * (MOST_PX - innerHeight));
    } else {
      const [top, bottom] = [bodyTop + index * px, bodyTop + (index + 1) * px];
      if (top - this.#above() < scrollY) scrollTo(0, top - this.#above());
      else if (bottom + px / 2 > scrollY + innerHeight) scrollTo(0, bottom + px / 2 - innerHeight);
    }
    this.#draw();
  }

  #indexOf(event) {
    const element = event.target.closest("tr");
    return element ? Number(element.dataset.index) : -1;
  }

  #focused(event) {
    const index = this.#indexOf(event);
    if (index < 0 || index === this.#active) return;
    this.#rows.get(this.#active)?.setAttribute("tabindex", "-1");
    this.#active = index;
    this.#rows.get(index)?.setAttribute("tabindex", "0");
  }

  #clicked(event) {
    const index = this.#indexOf(event);
    const entry = this.listing.at(index);
    if (!entry) return;
    if (event.target.closest(".c-select")) {
      event.preventDefault();
      this.#pick(index, entry, event.shiftKey);
    } else if (event.target.closest(".c-more")) {
      this.focus(index);
      this.dispatchEvent(new CustomEvent("details", { detail: entry }));
    } else if (event.target.closest("a")) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // another tab: the browser's
      event.preventDefault();
      this.focus(index);
      this.dispatchEvent(new CustomEvent("activate", { detail: entry }));
    } else if (event.shiftKey) this.focus(index, { extend: true });
    else if (event.ctrlKey || event.metaKey) this.#pick(index, entry, false);
    else {
      this.focus(index);
      this.selection.only([entry]);
    }
  }

  #pick(index, entry, extend) {
    if (extend) this.focus(index, { extend: true });
    else {
      this.focus(index);
      this.selection.toggle(entry);
    }
  }

  #doubleClicked(event) {
    const entry = this.listing.at(this.#indexOf(event));
    if (entry && !event.target.closest("a, button, .c-select")) {
      this.dispatchEvent(new CustomEvent("activate", { detail: entry }));
    }
  }
}
