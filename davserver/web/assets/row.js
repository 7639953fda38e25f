/** One row of the list. */

import { h, icon } from "./dom.js";
import { iconOf } from "./kinds.js";
import { exactly, machine, shown, size, when } from "./words.js";

const RIGHTS = { read: "read only", write: "", manage: "" };

/** Make the row of an entry, or of one that is still on its way. */
export function row(index, entry, listing, selection, isActive) {
  const isSelected = Boolean(entry) && selection.has(entry);
  const element = h("tr", {
    role: "row",
    class: `row${isSelected ? " selected" : ""}`,
    "aria-rowindex": index + 2,
    "aria-selected": String(isSelected),
    tabindex: isActive ? "0" : "-1",
    "data-index": index,
  });
  element.append(...(entry ? cells(entry, listing, isSelected) : waiting()));
  return element;
}

function cells(entry, listing, isSelected) {
  const name = shown(entry.name);
  const right = listing.isRoot && RIGHTS[entry.right];
  return [
    cell(
      "select",
      h("input", { type: "checkbox", tabindex: "-1", "aria-label": `Select ${name}`, checked: isSelected }),
    ),
    cell(
      "name",
      icon(iconOf(entry, listing)),
      h("a", { href: listing.hrefOf(entry), tabindex: "-1", draggable: "false", title: name }, h("bdi", {}, name)),
      entry.where && h("span", { class: "where" }, "in ", h("bdi", {}, shown(entry.where.join(" / ")))),
      right && h("span", { class: "badge" }, right),
    ),
    cell("size", size(entry.size)),
    cell(
      "modified",
      h("time", { datetime: machine(entry.modified), title: exactly(entry.modified) }, when(entry.modified)),
    ),
    cell(
      "more",
      h(
        "button",
        { type: "button", class: "button quiet", tabindex: "-1", "aria-label": `Details of ${name}` },
        icon("more"),
      ),
    ),
  ];
}

function waiting() {
  return [
    cell("select"),
    cell("name", h("span", { class: "waiting" }, "…")),
    cell("size"),
    cell("modified"),
    cell("more"),
  ];
}

function cell(name, ...children) {
  return h("td", { role: "gridcell", class: `c-${name}` }, ...children);
}
