/** What is known of an entry. */

import { h } from "../dom.js";
import { kindOf } from "../kinds.js";
import { count, exactly, number, shown, size } from "../words.js";

export const title = "";
export const applies = () => true;

export function panel(entry, listing) {
  const facts = [
    ["Kind", kindOf(entry, listing)[1]],
    ["Size", entry.size === undefined ? null : `${size(entry.size)} (${number(entry.size)} bytes)`],
    ["Contents", entry.files === undefined ? null : count(entry.files, "file")],
    ["Modified", exactly(entry.modified)],
    ["Type", entry.type],
    ["Where", entry.where && shown(entry.where.join(" / "))],
    [
      "You may",
      listing.isRoot ? { read: "read", write: "read and write", manage: "read, write and manage" }[entry.right] : null,
    ],
    ["Entity tag", entry.etag],
  ];
  return h(
    "dl",
    { class: "facts" },
    ...facts
      .filter(([, value]) => value)
      .flatMap(([name, value]) => [
        h("dt", {}, name),
        h("dd", { class: name === "Entity tag" ? "code" : null }, h("bdi", {}, value)),
      ]),
  );
}
