/** The details of one entry, beside the list; on a phone, over its lower part. */

import { actions } from "./actions/all.js";
import { button, fill, h, icon } from "./dom.js";
import { kindOf } from "./kinds.js";
import { keyOf } from "./listing.js";
import { sections } from "./panels/all.js";
import { complain } from "./toasts.js";
import { shown } from "./words.js";

export class Panel {
  #shown = null;

  constructor(element, page) {
    this.element = element;
    this.page = page;
    page.listing.addEventListener("opened", () => this.close());
    page.listing.addEventListener("changed", () => this.close());
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
      page.list.focus(page.list.activeIndex);
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Show an entry; `focus` takes the focus there. */
  open(entry, { focus = true } = {}) {
    const key = keyOf(entry);
    this.element.hidden = false;
    document.body.classList.add("with-panel");
    if (this.#shown !== key) {
      this.#shown = key;
      fill(this.element, this.#head(entry), this.#ways(entry), ...this.#sections(entry));
      this.element.scrollTop = 0;
    }
    if (focus) this.element.querySelector("h2").focus({ preventScroll: true });
  }

  /** Follow the focus of the list, if it is open. */
  follow(entry) {
    if (this.isOpen) this.open(entry, { focus: false });
  }

  close() {
    this.#shown = null;
    this.element.hidden = true;
    document.body.classList.remove("with-panel");
    fill(this.element);
  }

  #head(entry) {
    return h(
      "header",
      {},
      icon(kindOf(entry, this.page.listing)[0]),
      h("h2", { tabindex: "-1" }, h("bdi", {}, shown(entry.name))),
      button("Close details", "close", () => (this.close(), this.page.list.focus(this.page.list.activeIndex)), {
        quiet: true,
      }),
    );
  }

  #ways(entry) {
    const { listing } = this.page;
    const open = h(
      "a",
      { class: "button", href: listing.hrefOf(entry), target: entry.folder ? null : "_blank", rel: "noopener" },
      icon("open"),
      h("span", { class: "label" }, "Open"),
    );
    const ways = actions.filter((action) => action.applies([entry], listing));
    return h(
      "div",
      { class: "panel-ways" },
      open,
      ...ways.map((action) =>
        button(action.label([entry], listing), action.icon, () =>
          Promise.resolve(action.run([entry], this.page)).catch(complain),
        ),
      ),
    );
  }

  #sections(entry) {
    const { listing } = this.page;
    return sections
      .filter((section) => section.applies(entry, listing))
      .map((section) => {
        const box = h("section", {}, section.title && h("h3", {}, section.title));
        const show = (content) => (content ? box.append(content) : box.remove());
        Promise.resolve(section.panel(entry, listing, this.page)).then(show, (error) => {
          box.remove();
          complain(error);
        });
        return box;
      });
  }
}
