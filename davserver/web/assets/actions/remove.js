/** Delete entries, after a question, with a way back. */

import { bringBack, remove } from "../changes.js";
import { CANCEL, ask } from "../dialogs.js";
import { h } from "../dom.js";
import { complain, toast } from "../toasts.js";
import { count, shown } from "../words.js";

export const icon = "trash";
export const keys = ["Delete"];
export const label = () => "Delete";
export const applies = (targets, listing) =>
  targets.length > 0 &&
  listing.mayWrite &&
  targets.every((entry) => !entry.href && (!listing.isRoot || entry.right === "manage"));

export async function run(targets, page) {
  const { listing } = page;
  const what = targets.length === 1 ? `“${shown(targets[0].name)}”` : count(targets.length, "entry", "entries");
  const sure = await ask({
    title: `Delete ${what}?`,
    body: [h("p", {}, listing.isRoot ? IN_TRASH : IN_HISTORY)],
    buttons: [CANCEL, { label: "Delete", kind: "danger", value: "yes" }],
  });
  if (!sure) return;
  const collection = listing.collection;
  const gone = targets.map((entry) => ({ path: listing.pathOf(entry), folder: entry.folder, name: entry.name }));
  const version = await remove(listing, targets);
  await page.changed();
  const undo = async () => {
    try {
      await bringBack(listing, collection, version, gone);
      toast(`${what} is back.`);
    } catch (error) {
      complain(error);
    }
    await page.changed();
  };
  toast(`Deleted ${what}.`, version === null ? {} : { action: { label: "Undo", run: undo } });
}

const IN_HISTORY = "The history keeps it: you can undo this, or bring it back from an older version.";
const IN_TRASH = "It goes to the trash of the server, from where who looks after it can bring it back.";
