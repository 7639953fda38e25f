/** What the API tells of links, and takes (docs/api.md). */

import { json, send } from "../http.js";

/** List the links to what is at a path of a collection. */
export async function linksTo(place) {
  const told = await json(
    "GET",
    `${place.prefix}/_/api/links?${new URLSearchParams({ collection: place.collection })}`,
  );
  return told.links.filter((link) => link.path === place.path);
}

/** Make a link; returns `{link, url}`. */
export const makeLink = (place, wish) =>
  json("POST", `${place.prefix}/_/api/links`, { collection: place.collection, path: place.path, ...wish });

/** End a link. */
export const endLink = (place, id) => send("DELETE", `${place.prefix}/_/api/links/${encodeURIComponent(id)}`);
