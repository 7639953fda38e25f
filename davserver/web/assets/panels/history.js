/** The versions in which an entry changed: each to be opened, or brought back. */

import { button, h } from "../dom.js";
import { ask, madeAt, restore, segmentsIn } from "../history/api.js";
import { hrefOf } from "../paths.js";
import { complain, toast } from "../toasts.js";
import { shown, size, when } from "../words.js";

const MOST = 6;

export const title = "History";
export const applies = (entry, listing) => ["collection", "folder"].includes(listing.kind) && !entry.href;

export async function panel(entry, listing, page) {
  const path = listing.pathOf(entry).join("/");
  const place = { prefix: listing.prefix, collection: listing.collection, mayWrite: listing.mayWrite };
  let told;
  try {
    told = await ask(place.prefix, place.collection, "history", { path, limit: MOST });
  } catch (error) {
    if ([401, 403, 404].includes(error.status)) return null; // who may see a part only sees no version
    throw error;
  }
  if (!told.versions.length) return h("p", { class: "history-about" }, "In no version yet.");
  return h(
    "ul",
    { class: "turns" },
    ...told.versions.map((version, index) => turn(place, page, entry, path, version, index === 0)),
  );
}

function turn(place, page, entry, path, version, isNewest) {
  const moment = when(madeAt(version));
  const words =
    version.kind === null
      ? "deleted"
      : `${version.label ? `${shown(version.label)} · ` : ""}${size(version.path_bytes)}`;
  const there =
    version.kind === null
      ? null
      : hrefOf(place.prefix, segmentsIn(place.collection, version, path.split("/")), entry.folder);
  const link = there
    ? h("a", { href: there, target: entry.folder ? null : "_blank", rel: "noopener" }, moment)
    : h("span", {}, moment);
  const bringBack = async () => {
    try {
      await restore(place.prefix, place.collection, version.version, path);
      await page.changed();
      toast(`“${shown(entry.name)}” is as it was ${moment}.`);
    } catch (error) {
      complain(error);
    }
  };
  const way =
    place.mayWrite &&
    there &&
    !isNewest &&
    button("Restore", "", bringBack, { kind: "link", "aria-label": `Restore as of ${moment}` });
  return h("li", {}, h("div", {}, link, h("span", { class: "history-about" }, words)), way);
}
