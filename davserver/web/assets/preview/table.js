/**
 * A table of comma- or tab-separated values: RFC 4180, as leniently as spreadsheets read it. What is in a cell is text,
 * whatever it looks like.
 */

import { h } from "../dom.js";
import { count, number } from "../words.js";
import { TABLE_BYTES, beginning, decoded } from "./files.js";
import { begun, none } from "./notes.js";

const MOST_ROWS = 1_000;
const MOST_COLUMNS = 100;
const MOST_CHARS = 500;
const SEPARATORS = [",", ";", "\t", "|"];
const NUMBER = /^[-+−]?(\d{1,3}([ .,'’  ]\d{3})+|\d+)?([.,]\d+)?([eE][-+]?\d+)?\s?%?$/u;

/** Show the first rows. */
export async function showTable(file, { signal }) {
  const bytes = await beginning(file, TABLE_BYTES, signal);
  const read = decoded(bytes);
  if (read === null) return none("This is no text: it holds zero bytes.");
  const isCut = bytes.length < file.size;
  const { rows, isMore } = parse(read.text, separatorOf(read.text, file.name), isCut);
  if (!rows.length) return none(isCut ? "The first row is too long to be shown." : "This table is empty.");
  const shown = isMore ? `The first ${number(rows.length - 1)} rows` : count(rows.length - 1, "row");
  const widest = Math.max(...rows.map((row) => row.length));
  const columns = widest > MOST_COLUMNS && `the first ${MOST_COLUMNS} of ${number(widest)} columns`;
  const notes = [read.coding, shown, columns, begun(bytes.length, file.size)];
  return h(
    "div",
    { class: "preview-table" },
    h("div", { class: "sheet", tabindex: "0", role: "region", "aria-label": "Table" }, sheet(rows)),
    h("p", { class: "preview-note" }, notes.filter(Boolean).join(" · ")),
  );
}

/** Guess what separates values: what parts the first lines into most columns, and all into as many. */
export function separatorOf(text, name) {
  if (/\.(tsv|tab)$/i.test(name)) return "\t";
  const head = text.slice(0, 8_192);
  const score = (separator) => {
    const { rows } = parse(head, separator, true, 20);
    const widths = rows.map((row) => row.length);
    const most = Math.max(1, ...widths);
    return most === 1 ? 0 : widths.filter((width) => width === most).length / widths.length + most / 1_000;
  };
  return SEPARATORS.reduce((best, separator) => (score(separator) > score(best) ? separator : best));
}

/**
 * Read rows of values. If the text was cut off, its last row is left out; `isMore` tells that there was more than this.
 * @returns {{rows: string[][], isMore: boolean}}
 */
export function parse(text, separator, isCut = false, most = MOST_ROWS + 1) {
  const rows = [];
  let row = [];
  let position = 0;
  while (position < text.length && rows.length < most) {
    const [value, end] = text[position] === '"' ? quoted(text, position) : plain(text, position, separator);
    row.push(value);
    position = end;
    if (text[position] === separator) {
      position += 1;
      if (position === text.length) row.push("");
      continue;
    }
    if (position >= text.length && isCut) break;
    if (text[position] === "\r" && text[position + 1] === "\n") position += 1;
    position += 1;
    rows.push(row);
    row = [];
  }
  if (row.length && !isCut && rows.length < most) rows.push(row);
  return { rows, isMore: isCut || position < text.length };
}

/** Read a value in quotes; `""` in it is one. What stands between the end of the quotes and the separator is kept. */
function quoted(text, start) {
  let value = "";
  let position = start + 1;
  for (;;) {
    const quote = text.indexOf('"', position);
    if (quote < 0) return [value + text.slice(position), text.length];
    value += text.slice(position, quote);
    if (text[quote + 1] !== '"') return [value, quote + 1];
    value += '"';
    position = quote + 2;
  }
}

function plain(text, start, separator) {
  let position = start;
  const isEnd = (char) => char === separator || char === "\n" || char === "\r";
  while (position < text.length && !isEnd(text[position])) position += 1;
  return [text.slice(start, position), position];
}

function sheet(rows) {
  const width = Math.min(MOST_COLUMNS, Math.max(...rows.map((row) => row.length)));
  const [head, ...body] = rows;
  const columns = Array.from({ length: width }, (_, index) => index);
  const isFigure = columns.map((column) => body.length > 0 && body.every((row) => isNumber(row[column])));
  const kind = (column) => (isFigure[column] ? "figure" : null);
  const rowNumber = (text) => h("td", { class: "row-number", "aria-hidden": "true" }, text);
  const headCell = (column) => h("th", { scope: "col", class: kind(column) }, shortened(head[column]));
  const cell = (row, column) => h("td", { class: kind(column) }, shortened(row[column]));
  const cells = (row) => columns.map((column) => cell(row, column));
  const rowOf = (row, index) => h("tr", {}, rowNumber(String(index + 1)), ...cells(row));
  return h(
    "table",
    { "aria-rowcount": rows.length },
    h("thead", {}, h("tr", {}, rowNumber(""), ...columns.map(headCell))),
    h("tbody", {}, ...body.map(rowOf)),
  );
}

function isNumber(value) {
  return !value || NUMBER.test(value.trim());
}

function shortened(value = "") {
  return value.length > MOST_CHARS ? `${value.slice(0, MOST_CHARS)} …` : value;
}
