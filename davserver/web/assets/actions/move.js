/** Move entries into another folder. */

import { transfer } from "../changes.js";
import { chooseFolder } from "../picker.js";
import { toast } from "../toasts.js";
import { count, shown } from "../words.js";

export const icon = "move";
export const keys = [];
export const label = () => "Move";
export const applies = (targets, listing) =>
  targets.length > 0 && listing.mayWrite && !listing.isRoot && targets.every((entry) => !entry.href);

export const run = (targets, page) => carry(targets, page, "move", "Move", "Moved");

/** Ask where to, and bring the entries there. */
export async function carry(targets, page, how, verb, done) {
  const what = targets.length === 1 ? `“${shown(targets[0].name)}”` : count(targets.length, "entry", "entries");
  const { listing } = page;
  const at = listing.collection && listing.kind !== "version" ? [listing.collection, ...listing.path] : [];
  const target = await chooseFolder(listing.prefix, { title: `${verb} ${what} to…`, action: `${verb} here`, at });
  if (!target) return;
  await transfer(listing, targets, how, target);
  await page.changed();
  toast(`${done} ${what} to “${shown(target.segments.at(-1))}”.`, {
    action: { label: "Go there", run: () => page.go(target.segments) },
  });
}
