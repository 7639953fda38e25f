/** What the server tells of history (docs/api.md, "History"). */

import { json } from "../http.js";
import { hrefOf } from "../paths.js";

/**
 * @typedef {{version: number, created: string, files: number, bytes: number, label: string|null, message: string|null,
 *   kept: boolean}} Version
 */

/** Ask one of a collection's routes; what is null in the query is left out. */
export function ask(prefix, collection, route, query = {}) {
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== undefined));
  return json("GET", `${addressOf(prefix, collection, route)}?${words}`);
}

/** Put what a version holds in the place of what is there; a path of "" is everything. */
export function restore(prefix, collection, version, path) {
  return json("POST", addressOf(prefix, collection, "restore"), { version, path });
}

/** Say something of a version: `label`, `message` or `kept`. */
export function annotate(prefix, collection, version, note) {
  return json("PATCH", addressOf(prefix, collection, `versions/${version}`), note);
}

/** Make a version now. */
export const commit = (prefix, collection, note) => json("POST", addressOf(prefix, collection, "commit"), note);

/** Return the names of a place in a version. */
export function segmentsIn(collection, { version, created }, path = []) {
  const folder = `${created.replaceAll(":", "")}-${String(version).padStart(6, "0")}`;
  return ["history", collection, folder, ...path];
}

/** Return when a version was made, in seconds. */
export const madeAt = ({ created }) => Date.parse(created) / 1000;

function addressOf(prefix, collection, route) {
  return `${prefix}/_/api/collections${hrefOf("", [collection], false)}/${route}`;
}
