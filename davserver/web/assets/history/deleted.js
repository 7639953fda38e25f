/** What was deleted from a folder, and can be brought back. */

import { tell } from "../dialogs.js";
import { button, h, icon } from "../dom.js";
import { complain, toast } from "../toasts.js";
import { shown } from "../words.js";
import { ask, restore } from "./api.js";
import { pagedList } from "./pages.js";

/** Show what is gone from the folder of a listing. */
export function showDeleted(page) {
  const { prefix, collection, path } = page.listing;
  const list = pagedList({
    label: "Deleted",
    next: async (before) => {
      const told = await ask(prefix, collection, "deleted", { path: path.join("/"), before, limit: 100 });
      return { items: told.deleted, from: told.before };
    },
    row: (gone) => row(page, prefix, collection, gone),
    empty: "No version has anything that is gone from here.",
  });
  return tell({ title: `Deleted from “${shown(page.listing.segments.at(-1))}”`, body: [list], wide: true });
}

function row(page, prefix, collection, gone) {
  const item = h(
    "li",
    {},
    icon(gone.kind === "folder" ? "folder" : "file"),
    h(
      "div",
      { class: "history-words" },
      h("p", {}, h("bdi", {}, shown(gone.path))),
      h("p", { class: "history-about" }, `last in version ${gone.version}`),
    ),
  );
  const bringBack = async () => {
    try {
      await restore(prefix, collection, gone.version, gone.path);
      item.remove();
      await page.changed();
      toast(`“${shown(gone.path)}” is back.`);
    } catch (error) {
      complain(error);
    }
  };
  if (page.listing.mayWrite)
    item.append(
      h(
        "div",
        { class: "history-ways" },
        button("Restore", "", bringBack, { "aria-label": `Restore ${shown(gone.path)}` }),
      ),
    );
  return item;
}
