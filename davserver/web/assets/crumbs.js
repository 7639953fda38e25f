/** Where you are: the folders above, each a way up. Things may be dropped on them, too (see uploads/drop.js). */

import { fill, h, icon } from "./dom.js";
import { hrefOf } from "./paths.js";
import { shown } from "./words.js";

/** Write the crumbs of a listing; `go` opens the folder of the one that is clicked. */
export function showCrumbs(listing, go) {
  const list = document.querySelector(".crumbs ol");
  const { top } = listing;
  const ends = [...listing.segments.keys()].map((index) => index + 1).filter((end) => end > top);
  fill(list, crumb(listing, top, go), ...ends.map((end) => crumb(listing, end, go)));
  document.title = ends.length ? shown(listing.segments.at(-1)) : wordFor(top);
  list.lastElementChild?.scrollIntoView?.({ block: "nearest", inline: "end" });
}

const wordFor = (top) => (top ? "Shared" : "Collections");

function crumb(listing, end, go) {
  const segments = listing.segments.slice(0, end);
  const isLast = end === listing.segments.length;
  const isTop = end === listing.top;
  const name = isTop ? h("span", { class: "crumb-root" }, wordFor(end)) : h("bdi", {}, shown(segments.at(-1)));
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(segments);
  };
  const href = hrefOf(listing.prefix, segments, true);
  const link = h("a", { href, "aria-current": isLast ? "page" : null, onclick: open }, isTop && icon("home"), name);
  return h("li", {}, link);
}
