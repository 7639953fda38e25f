/** A text with the numbers of its lines. */

import { h } from "../dom.js";
import { number } from "../words.js";
import { TEXT_BYTES, beginning, decoded } from "./files.js";
import { begun, none } from "./notes.js";

const MOST_LINES = 10_000;
const MOST_CHARS = 4_000;

/** Show the beginning of a text file. */
export async function showText(file, { signal }) {
  const bytes = await beginning(file, TEXT_BYTES, signal);
  const read = decoded(bytes);
  if (read === null) return none("This is no text: it holds zero bytes.");
  const note = [read.coding, begun(bytes.length, file.size)].filter(Boolean).join(" · ");
  return h("div", { class: "preview-text" }, page(read.text), h("p", { class: "preview-note" }, note));
}

/** Lay out lines beside their numbers. Two text nodes, however many lines: a page of 10,000 elements would be slow. */
export function page(text) {
  const lines = text.split(/\r\n|\r|\n/u, MOST_LINES + 1);
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  const isCut = lines.length > MOST_LINES;
  if (isCut) lines.length = MOST_LINES;
  const shown = lines.map(shortened);
  if (isCut) shown.push(`… only the first ${number(MOST_LINES)} lines are shown`);
  const numbers = lines.map((_, index) => index + 1).join("\n");
  return h(
    "div",
    { class: "code", tabindex: "0", role: "region", "aria-label": "Text" },
    h("pre", { class: "code-numbers", "aria-hidden": "true" }, numbers),
    h("pre", { class: "code-lines", dir: "auto", translate: "no" }, shown.join("\n")),
  );
}

/** A line of megabytes would hold the browser up; nobody reads it to its end. */
function shortened(line) {
  if (line.length <= MOST_CHARS) return line;
  return `${line.slice(0, MOST_CHARS)} … ${number(line.length - MOST_CHARS)} more characters`;
}
