/** Drag and drop: files of your machine onto the page go into the folder that is shown, onto a folder's row into it. */

import { h, icon } from "../dom.js";
import { complain } from "../toasts.js";
import { gatherDropped } from "./gather.js";

/** Listen on the whole page; `add(segments, gathered)` takes what was dropped. */
export function liveDrop(page, add) {
  const veil = h("div", { class: "veil", hidden: true }, icon("upload"), h("p", {}, "Drop to upload here"));
  document.body.append(veil);
  let depth = 0;
  const hasFiles = (event) =>
    event.dataTransfer?.types.includes("Files") && page.listing.mayWrite && !page.listing.isRoot;
  const mark = (row) => {
    document.querySelector("tr.dropping")?.classList.remove("dropping");
    row?.classList.add("dropping");
    veil.hidden = depth === 0;
    veil.classList.toggle("aside", Boolean(row));
  };
  addEventListener("dragenter", (event) => {
    if (hasFiles(event)) depth += 1;
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    if (!depth) mark(null);
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    depth = Math.max(1, depth);
    mark(folderRow(page, event));
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    const row = folderRow(page, event);
    const entry = row && page.listing.at(Number(row.dataset.index));
    mark(null);
    gatherDropped(event.dataTransfer).then(
      (gathered) => add(entry ? page.listing.segmentsOf(entry) : page.listing.segments, gathered),
      complain,
    );
  });
}

function folderRow(page, event) {
  const row = event.target.closest?.("tr.row");
  const entry = row && page.listing.at(Number(row.dataset.index));
  return entry?.folder && !entry.href ? row : null;
}
