/** The bar above the list: what can be done here; and with what is selected, once something is. */

import { actions } from "./actions/all.js";
import { here } from "./actions/here.js";
import { makeFolder } from "./changes.js";
import { askName } from "./dialogs.js";
import { button, fill, h } from "./dom.js";
import { complaint } from "./paths.js";
import { complain, toast } from "./toasts.js";
import { count, shown, size } from "./words.js";

/** Keep the bar in step with the listing and the selection. */
export function liveBar(element, page) {
  const show = () => fill(element, ...(page.selection.size ? ofSelection(page) : ofFolder(page)));
  page.selection.addEventListener("change", show);
  for (const event of ["opened", "changed"]) page.listing.addEventListener(event, show);
  element.addEventListener("keydown", (event) => step(element, event));
  show();
}

function ofFolder(page) {
  const { listing } = page;
  const about = h("p", { class: "about" }, aboutOf(listing));
  const ways = here
    .filter((way) => way.applies(listing))
    .map((way) => button(way.label, way.icon, () => Promise.resolve(way.run(page)).catch(complain), { kind: "plain" }));
  if (!listing.mayWrite) return [...ways, about];
  if (listing.isRoot)
    return [button("New collection", "plus", () => makeNew(page), { kind: "primary" }), ...ways, about];
  return [
    button("Upload files", "upload", () => page.uploads.choose(false), { kind: "primary" }),
    button("Upload a folder", "folder-up", () => page.uploads.choose(true)),
    button("New folder", "new-folder", () => makeNew(page)),
    ...ways,
    about,
  ];
}

function ofSelection(page) {
  const { listing, selection } = page;
  const targets = selection.entries;
  const bytes = targets.reduce((sum, entry) => sum + (entry.size ?? 0), 0);
  return [
    button("Clear the selection", "close", () => (selection.clear(), page.list.focus(page.list.activeIndex)), {
      quiet: true,
    }),
    h("p", { class: "about strong" }, `${count(targets.length, "selected", "selected")}, ${size(bytes)}`),
    ...actions
      .filter((action) => action.applies(targets, listing))
      .map((action) =>
        button(action.label(targets, listing), action.icon, () => perform(action, targets, page), {
          kind: action.icon === "trash" ? "dangerous" : "",
        }),
      ),
  ];
}

/** Do what an action does; say so if it is refused. */
export async function perform(action, targets, page) {
  if (!targets.length || !action.applies(targets, page.listing)) return;
  try {
    await action.run(targets, page);
  } catch (error) {
    complain(error);
    page.changed().catch(complain);
  }
}

/** Ask for a name and make a folder, or a collection at the root. */
export async function makeNew(page) {
  const { listing } = page;
  if (!listing.mayWrite) return;
  const what = listing.isRoot ? "collection" : "folder";
  const name = await askName({ title: `New ${what}`, label: "Name", action: "Create", complaint });
  if (name === null) return;
  try {
    await makeFolder(listing, name);
    await page.changed({ key: name });
    toast(`Made “${shown(name)}”.`);
  } catch (error) {
    complain(error);
  }
}

function aboutOf(listing) {
  const things = listing.isRoot ? ["collection"] : listing.find ? ["result"] : ["entry", "entries"];
  const more = listing.complete ? "" : ", and more";
  const only = listing.mayWrite
    ? ""
    : listing.kind === "version"
      ? " · as it was: it cannot be changed"
      : " · read only";
  return count(listing.total, ...things) + more + only;
}

/** Arrow keys go from button to button, as in any toolbar. */
function step(element, event) {
  const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!way) return;
  const buttons = [...element.querySelectorAll("button")];
  const next = buttons[(buttons.indexOf(document.activeElement) + way + buttons.length) % buttons.length];
  event.preventDefault();
  next?.focus();
}
