/**
 * Changes: new folders, renaming, deleting, moving and copying.
 *
 * Whatever is changed is named by the entity tag the page has seen, and nothing is written over what is there: who
 * changed something meanwhile hears of it first. Many changes in one collection are one request: all of them or none.
 */

import { Refused, json, send, wordsFor } from "./http.js";
import { hrefOf } from "./paths.js";
import { shown } from "./words.js";

/** Make a folder, or at the root a collection. */
export async function makeFolder(listing, name) {
  try {
    await send("MKCOL", hrefOf(listing.prefix, [...listing.segments, name], true));
  } catch (error) {
    throw about(error, name);
  }
}

/** Give an entry another name. */
export async function rename(listing, entry, name) {
  const target = [...listing.segmentsOf(entry).slice(0, -1), name];
  await transferOne(listing, entry, "MOVE", target);
}

/**
 * Delete entries. Of a collection, a version is made first, so that all of it can be brought back.
 * Resolves to the number of that version, or null.
 */
export async function remove(listing, entries) {
  if (listing.isRoot) {
    for (const entry of entries) await send("DELETE", listing.hrefOf(entry)).catch((error) => fail(error, entry.name));
    return null;
  }
  const version = await versionNow(listing);
  await changeAll(listing, entries, (entry) => ({ do: "delete" }));
  return version;
}

/** Bring back what was deleted, out of a version; what is there meanwhile stays, and is told when the others are back. */
export async function bringBack(listing, collection, version, entries) {
  const folder = await folderOfVersion(listing.prefix, collection, version);
  const refused = [];
  for (const { path, folder: isFolder, name } of entries) {
    const from = hrefOf(listing.prefix, ["history", collection, folder, ...path], isFolder);
    const to = location.origin + hrefOf(listing.prefix, [collection, ...path], isFolder);
    await send("COPY", from, { headers: { Destination: to, Overwrite: "F" } }).catch((error) => {
      if (!(error.status >= 400 && error.status < 500)) throw error;
      refused.push(error.status === 412 ? new Refused(412, `“${shown(name)}” is there already.`) : about(error, name));
    });
  }
  if (refused.length) throw refused[0];
}

/**
 * Move or copy entries into a folder.
 * @param {"move"|"copy"} how
 * @param {{segments: string[], collection: string|null, path: string[]}} target where to
 */
export async function transfer(listing, entries, how, target) {
  const isOneCollection = listing.collection !== null && listing.collection === target.collection;
  const isLive = listing.kind === "collection" || listing.kind === "folder";
  if (isOneCollection && isLive) {
    await changeAll(listing, entries, (entry) => ({
      do: how,
      to: [...target.path, entry.name].join("/"),
      overwrite: false,
    }));
    return;
  }
  const method = how === "move" ? "MOVE" : "COPY";
  for (const entry of entries) await transferOne(listing, entry, method, [...target.segments, entry.name]);
}

async function transferOne(listing, entry, method, target) {
  const headers = { Destination: location.origin + hrefOf(listing.prefix, target, entry.folder), Overwrite: "F" };
  if (entry.etag) headers["If-Match"] = `"${entry.etag}"`;
  try {
    await send(method, listing.hrefOf(entry), { headers });
  } catch (error) {
    if (error.status === 412 && (await isThere(listing, target)))
      throw new Refused(412, `“${shown(target.at(-1))}” is there already.`);
    fail(error, entry.name);
  }
}

/** Make one change of each entry, all of them or none. */
async function changeAll(listing, entries, changeOf) {
  const changes = entries.map((entry) => ({
    ...changeOf(entry),
    path: listing.pathOf(entry).join("/"),
    ...(entry.etag ? { if_match: entry.etag } : {}),
  }));
  const address = `${listing.prefix}/_/api/collections/${encodeURIComponent(listing.collection)}/changes`;
  try {
    await json("POST", address, { changes });
  } catch (error) {
    const entry = entries[error.details?.index];
    const change = changes[error.details?.index];
    if (entry && change.to && error.status === 412 && !/if_match/.test(error.details.error ?? "")) {
      throw new Refused(412, `“${shown(entry.name)}” is there already. Nothing was changed.`);
    }
    throw entry ? about(error, entry.name) : error;
  }
}

/** Make a version of what is now; null for who may change a part of the collection only. */
async function versionNow(listing) {
  const address = `${listing.prefix}/_/api/collections/${encodeURIComponent(listing.collection)}/commit`;
  try {
    return (await json("POST", address)).version;
  } catch (error) {
    if ([403, 404].includes(error.status)) return null;
    throw error;
  }
}

async function folderOfVersion(prefix, collection, version) {
  const list = `${prefix}/_/api/list${hrefOf("", ["history", collection], true)}`;
  const wanted = `-${String(version).padStart(6, "0")}`;
  const told = await json("GET", `${list}?order=desc&limit=1000`);
  const found = told.entries.find((entry) => entry.name.endsWith(wanted));
  if (!found) throw new Refused(404, wordsFor(404));
  return found.name;
}

async function isThere(listing, segments) {
  const response = await fetch(hrefOf(listing.prefix, segments, false), { method: "HEAD", cache: "no-store" });
  return response.ok;
}

/** Say of which entry a refusal is. */
function about(error, name) {
  return error instanceof Refused
    ? new Refused(error.status, `“${shown(name)}”: ${error.message}`, error.details)
    : error;
}

function fail(error, name) {
  throw about(error, name);
}
