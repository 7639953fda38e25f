/**
 * A Jupyter notebook (nbformat 3 and 4): cells, and of their outputs text and pictures of points (PNG, JPEG). Outputs
 * that are programs (HTML, JavaScript, SVG, widgets) are named and not shown: a stranger's notebook runs nothing here.
 */

import { h } from "../dom.js";
import { count } from "../words.js";
import { NOTEBOOK_BYTES, beginning, decoded } from "./files.js";
import { none } from "./notes.js";
import { page } from "./text.js";

const MOST_CELLS = 500;
const MOST_CHARS = 100_000;
const PICTURES = ["image/png", "image/jpeg"];
// What terminals take for colours and cursor movements: CSI and OSC sequences.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/gu;

/** Show a notebook. `keep` gets what has to be called when it is shown no more. */
export async function showNotebook(file, { signal, keep }) {
  if (file.size > NOTEBOOK_BYTES) return none("This notebook is too large to be shown.");
  const read = decoded(await beginning(file, NOTEBOOK_BYTES, signal));
  const notebook = read && parsed(read.text);
  if (!notebook) return none("This is no notebook.");
  const cells = cellsOf(notebook);
  const language = textOf(notebook.metadata?.kernelspec?.display_name ?? notebook.metadata?.language_info?.name ?? "");
  const more = cells.length > MOST_CELLS ? `the first ${MOST_CELLS} of ` : "";
  return h(
    "div",
    { class: "preview-notebook", tabindex: "0", role: "region", "aria-label": "Notebook" },
    ...cells.slice(0, MOST_CELLS).map((cell, index) => cellOf(cell, index, keep)),
    h("p", { class: "preview-note" }, [language, `${more}${count(cells.length, "cell")}`].filter(Boolean).join(" · ")),
  );
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function cellsOf(notebook) {
  const sheets = listOf(notebook.worksheets); // before nbformat 4
  const cells = Array.isArray(notebook.cells) ? notebook.cells : sheets.flatMap((sheet) => listOf(sheet?.cells));
  return cells.filter((cell) => cell !== null && typeof cell === "object");
}

function cellOf(cell, index, keep) {
  const source = textOf(cell.source ?? cell.input);
  if (cell.cell_type !== "code") {
    const text = h("p", { class: "cell-text", dir: "auto" }, source);
    return h("section", { class: "cell prose", "aria-label": `Cell ${index + 1}: text` }, text);
  }
  const outputs = listOf(cell.outputs).filter((output) => output !== null && typeof output === "object");
  const turn = Number.isInteger(cell.execution_count) ? `[${cell.execution_count}]` : "[ ]";
  return h(
    "section",
    { class: "cell program", "aria-label": `Cell ${index + 1}: program` },
    h("span", { class: "cell-turn", "aria-hidden": "true" }, turn),
    page(source),
    ...outputs.map((output) => outputOf(output, keep)),
  );
}

function outputOf(output, keep) {
  if (output.output_type === "stream") return printed(textOf(output.text), output.name === "stderr");
  if (output.output_type === "error" || output.output_type === "pyerr") {
    const trace = textOf(listOf(output.traceback), "\n");
    return printed(trace || `${textOf(output.ename)}: ${textOf(output.evalue)}`, true);
  }
  const data = output.data !== null && typeof output.data === "object" ? output.data : {};
  const kind = PICTURES.find((type) => data[type]);
  const picture = kind && pictureOf(textOf(data[kind]), kind, textOf(data["text/plain"]), keep);
  if (picture) return picture;
  if (data["text/plain"]) return printed(textOf(data["text/plain"]), false);
  const kinds = Object.keys(data).slice(0, 5).join(", ");
  const what = kinds ? `An output of type ${kinds}` : "An output";
  return h("p", { class: "cell-unshown" }, `${what} is not shown.`);
}

function printed(text, isError) {
  const kind = isError ? "cell-output error" : "cell-output";
  return h("pre", { class: kind, dir: "auto" }, text.slice(0, MOST_CHARS).replace(ESCAPES, ""));
}

/** Make a picture of base64; null if it is none. Its bytes are a picture or nothing: the type is ours. */
function pictureOf(base64, type, words, keep) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(base64.replace(/\s/gu, "")), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  keep(() => URL.revokeObjectURL(url));
  return h("img", { class: "cell-picture", src: url, alt: words.slice(0, 200) || "Picture" });
}

function listOf(value) {
  return Array.isArray(value) ? value : [];
}

/** Texts may be lists of lines. */
function textOf(value, between = "") {
  if (Array.isArray(value)) return value.filter((part) => typeof part === "string").join(between);
  return typeof value === "string" ? value : "";
}
