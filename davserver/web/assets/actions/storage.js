/** Show how much room a collection takes, and how it grew. */

import { openCollection } from "../storage/view.js";

export const icon = "storage";
export const keys = [];
export const label = () => "Storage";
export const applies = (targets, listing) => listing.isRoot && targets.length === 1 && !targets[0].href;
export const run = ([entry], { listing }) => openCollection(listing.prefix, entry.name);
