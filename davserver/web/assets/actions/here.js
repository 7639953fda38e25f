/**
 * What can be done with the folder that is shown, in the order of the bar. Another one is another entry of this list:
 *   label, icon
 *   applies  (listing) => boolean
 *   run      (page) => Promise
 */

import { showDeleted } from "../history/deleted.js";
import { showTrash } from "../history/trash.js";
import { showVersions } from "../history/versions.js";
import { openAll, openCollection } from "../storage/view.js";

const isLive = (listing) => listing.kind === "collection" || listing.kind === "folder";

export const here = [
  { label: "History", icon: "history", applies: isLive, run: showVersions },
  { label: "Deleted", icon: "trash", applies: isLive, run: showDeleted },
  {
    label: "Storage",
    icon: "storage",
    applies: isLive,
    run: ({ listing }) => openCollection(listing.prefix, listing.collection),
  },
  {
    label: "Storage",
    icon: "storage",
    applies: (listing) => listing.isRoot,
    run: ({ listing }) => openAll(listing.prefix),
  },
  { label: "Trash", icon: "trash", applies: (listing) => listing.isRoot && listing.mayWrite, run: showTrash },
];
