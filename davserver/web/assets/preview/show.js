/** From the kind of a file to what shows it. */

import { kindOf } from "./files.js";
import { showAudio, showImage, showPdf, showVideo } from "./media.js";
import { none } from "./notes.js";
import { showNotebook } from "./notebook.js";
import { showTable } from "./table.js";
import { showText } from "./text.js";

const SHOWN = {
  image: showImage,
  audio: showAudio,
  video: showVideo,
  pdf: showPdf,
  table: showTable,
  notebook: showNotebook,
  text: showText,
};

/** Tell whether there is a preview of an entry of a listing. */
export function isShown(entry) {
  return !entry.folder && kindOf(entry.name, entry.type) !== "";
}

/**
 * Make a preview.
 * @param {import("./files.js").File & {framed: string}} file
 * @param {{signal: AbortSignal, keep: (end: () => void) => void}} around `keep` takes what to call when it is over
 */
export async function show(file, around) {
  const kind = kindOf(file.name, file.type);
  return kind ? SHOWN[kind](file, around) : none("There is no preview of this kind of file.");
}
