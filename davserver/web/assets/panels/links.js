/** The links to an entry: each to be ended, and a way to make another one. For those who manage the collection. */

import { button, fill, h } from "../dom.js";
import { endLink, linksTo } from "../sharing/api.js";
import { share } from "../sharing/dialog.js";
import { complain, toast } from "../toasts.js";
import { count, when } from "../words.js";

export const title = "Sharing";

export function applies(entry, listing) {
  if (entry.href) return false;
  if (listing.isRoot) return entry.folder && entry.right === "manage";
  return ["collection", "folder"].includes(listing.kind) && listing.mayWrite;
}

export async function panel(entry, listing) {
  const place = listing.isRoot
    ? { prefix: listing.prefix, collection: entry.name, path: "" }
    : { prefix: listing.prefix, collection: listing.collection, path: listing.pathOf(entry).join("/") };
  const box = h("div", {});
  const draw = async () => fill(box, ...rows(place, entry, await linksTo(place), draw));
  try {
    await draw();
  } catch (error) {
    if ([401, 403, 404].includes(error.status)) return null; // who may write need not be who may share
    throw error;
  }
  return box;
}

function rows(place, entry, links, draw) {
  const make = () => share(place, entry).then((made) => made && draw()).catch(complain);
  const end = (link) => () =>
    endLink(place, link.id).then(() => (toast("The link has ended."), draw()), complain);
  return [
    links.length > 0 && h("ul", { class: "turns" }, ...links.map((link) => row(link, end(link)))),
    button("Share by a link", "link", make),
  ];
}

function row(link, end) {
  const name = link.label ?? (link.kind === "drop" ? "Drop folder" : "Link");
  return h(
    "li",
    {},
    h("div", {}, h("span", {}, name), h("span", { class: "history-about" }, limitsOf(link))),
    button("End", "", end, { kind: "link", "aria-label": `End the link ${link.label ?? link.id}` }),
  );
}

function limitsOf(link) {
  const limits = [
    link.kind === "drop" && link.label && "drop folder",
    link.version !== null && `version ${link.version}`,
    link.expires && `until ${when(Date.parse(link.expires) / 1000)}`,
    link.downloads_left !== null && count(link.downloads_left, "download left", "downloads left"),
    link.has_password && "password",
  ];
  return limits.filter(Boolean).join(" · ");
}
