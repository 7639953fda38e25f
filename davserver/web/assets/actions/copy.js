/** Copy entries into another folder: no byte is moved, whatever the size. Out of a version, this brings them back. */

import { carry } from "./move.js";

export const icon = "copy";
export const keys = [];
export const label = (_targets, listing) => (listing.kind === "version" ? "Restore" : "Copy");
export const applies = (targets, listing) =>
  targets.length > 0 && listing.kind !== "space" && !listing.isRoot && targets.every((entry) => !entry.href);

export const run = (targets, page) =>
  page.listing.kind === "version"
    ? carry(targets, page, "copy", "Restore", "Restored")
    : carry(targets, page, "copy", "Copy", "Copied");
