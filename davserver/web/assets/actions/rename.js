/** Rename one entry. */

import { rename } from "../changes.js";
import { askName } from "../dialogs.js";
import { complaint } from "../paths.js";
import { toast } from "../toasts.js";
import { shown } from "../words.js";

export const icon = "rename";
export const keys = ["F2"];
export const label = () => "Rename";
export const applies = (targets, listing) =>
  targets.length === 1 && listing.mayWrite && !targets[0].href && (!listing.isRoot || targets[0].right === "manage");

export async function run([entry], page) {
  const name = await askName({
    title: "Rename",
    label: `New name of “${shown(entry.name)}”`,
    value: entry.name,
    action: "Rename",
    complaint,
    stem: !entry.folder,
  });
  if (name === null || name === entry.name) return;
  await rename(page.listing, entry, name);
  await page.changed({ key: [...(entry.where ?? []), name].join("/") });
  toast(`Renamed to “${shown(name)}”.`);
}
