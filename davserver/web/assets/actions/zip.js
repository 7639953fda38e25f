/** Download folders, or several entries, as one zip: streamed by the server, resumed by the browser. */

import { h } from "../dom.js";
import { hrefOf } from "../paths.js";

/** What proxies take of an address for certain; more names go in a form. */
const MOST_CHARS = 4_000;

export const icon = "archive";
export const keys = [];
export const label = () => "Download as zip";

export function applies(targets, listing) {
  if (!targets.length || targets.some((entry) => entry.href || entry.where?.length)) return false;
  if (targets.length === 1) return targets[0].folder && !isHistory(listing);
  return !listing.isRoot && listing.kind !== "space";
}

export async function run(targets, { listing }) {
  const words = new URLSearchParams();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) words.set("zone", zone);
  if (targets.length === 1) return follow(addressOf(listing, listing.segmentsOf(targets[0])), words);
  for (const entry of targets) words.append("name", entry.name);
  const address = addressOf(listing, listing.segments);
  return String(words).length > MOST_CHARS ? post(address, words) : follow(address, words);
}

/** Tell whether the entries are histories of collections: folders of versions, and no tree of their own. */
function isHistory(listing) {
  return listing.kind === "space" && listing.segments.length < 2;
}

function addressOf(listing, segments) {
  return hrefOf(`${listing.prefix}/_/zip`, segments, true);
}

function follow(address, words) {
  h("a", { href: `${address}?${words}`, download: "" }).click();
}

function post(address, words) {
  const fields = [...words].map(([name, value]) => h("input", { type: "hidden", name, value }));
  const form = h("form", { method: "post", action: address, hidden: true }, ...fields);
  document.body.append(form);
  form.submit();
  form.remove();
}
