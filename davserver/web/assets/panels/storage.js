/** Of a collection: what it takes, and how it grew. */

import { h } from "../dom.js";
import { growthOf, sharing, sizesOf } from "../storage/view.js";
import { number, size } from "../words.js";

export const title = "Storage";
export const applies = (entry, listing) => listing.isRoot && entry.folder && !entry.href;

export async function panel(entry, listing) {
  const stats = await sizesOf(listing.prefix, entry.name).catch((error) => {
    if (error.status === 404) return null; // of a part of a collection that is all somebody sees no sizes are told
    throw error;
  });
  if (stats === null) return null;
  const facts = [
    ["Versions", number(stats.versions)],
    ["All versions", size(stats.version_bytes)],
    ["Stored", size(stats.history_bytes)],
    ["Saved", stats.ratio ? `${sharing(stats)} less than copies` : null],
  ];
  return h(
    "div",
    { class: "storage" },
    h("dl", { class: "facts" }, ...facts.filter(([, value]) => value).flatMap(pair)),
    stats.growth.length > 1 && growthOf(stats),
  );
}

function pair([name, value]) {
  return [h("dt", {}, name), h("dd", {}, value)];
}
