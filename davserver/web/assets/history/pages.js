/** A list that comes page by page: a button asks for more of it. */

import { button, h } from "../dom.js";
import { complain } from "../toasts.js";

/**
 * Make a list; `next(from)` resolves to `{items, from}`, null when nothing is left; `row(item)` makes an <li>.
 * @param {{label: string, next: (from: any) => Promise<{items: any[], from: any}>, row: (item: any) => Node, empty: string}} source
 */
export function pagedList({ label, next, row, empty }) {
  const list = h("ul", { class: "history", "aria-label": label });
  const more = button("Show more", "down", () => grow(), {});
  const box = h("div", { class: "history-box" }, list, more);
  let from = null;
  const grow = async () => {
    more.disabled = true;
    try {
      const told = await next(from);
      list.append(...told.items.map(row));
      from = told.from;
      more.hidden = from === null || from === undefined;
      if (!list.childElementCount) list.append(h("li", { class: "history-empty" }, empty));
    } catch (error) {
      complain(error);
      more.hidden = true;
    }
    more.disabled = false;
  };
  grow();
  return box;
}
