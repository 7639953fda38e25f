/** From a listing of the page to the viewer. */

import { isShown } from "./show.js";
import { dress } from "./style.js";
import { view } from "./viewer.js";

dress();

export { isShown };

/** Return what the viewer needs of an entry. */
export function fileOf(listing, entry) {
  const href = listing.hrefOf(entry);
  const { prefix } = listing;
  const framed = `${prefix}/_/preview${href.slice(prefix.length)}`;
  return { name: entry.name, size: entry.size ?? 0, type: entry.type ?? "", etag: entry.etag, href, framed };
}

/**
 * Show an entry; the others that can be shown among these are before and after it. Resolves to the last one that was
 * shown, when the viewer is closed.
 * @param {object} listing
 * @param {object[]} entries in the order of the page
 * @param {object} entry one of them
 */
export async function openPreview(listing, entries, entry) {
  const shown = entries.filter(isShown);
  const at = shown.indexOf(entry);
  const files = {
    count: shown.length,
    file: async (index) => fileOf(listing, shown[index]),
  };
  return shown[await view(files, Math.max(0, at))];
}
