/** View a file in the page; the others of the list that can be viewed are a key away. */

import { keyOf } from "../listing.js";
import { isShown, openPreview } from "../preview/open.js";

const MOST = 2_000;

export const icon = "view";
export const keys = ["Shift+Enter"];
export const label = () => "View";
export const applies = (targets) => targets.length === 1 && isShown(targets[0]);

export async function run([entry], page) {
  const { listing, list } = page;
  const at = Math.max(0, listing.indexOf(keyOf(entry)));
  const first = Math.max(0, at - MOST / 2);
  const entries = await listing.range(first, Math.min(listing.total - 1, first + MOST - 1));
  const found = entries.find((each) => keyOf(each) === keyOf(entry)) ?? entry;
  const last = await openPreview(listing, entries.includes(found) ? entries : [entry], found);
  list.focusKey(keyOf(last));
}
