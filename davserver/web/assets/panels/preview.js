/** A picture of an entry, to be seen larger: a small one for pictures. */

import * as view from "../actions/view.js";
import { h } from "../dom.js";
import { kindOf } from "../preview/files.js";
import { dress } from "../preview/style.js";
import { complain } from "../toasts.js";
import { shown } from "../words.js";

const MOST_BYTES = 4 << 20;

dress();

export const title = "";
export const applies = (entry) =>
  !entry.folder && kindOf(entry.name, entry.type) === "image" && entry.size <= MOST_BYTES;

export function panel(entry, listing, page) {
  const image = h("img", { class: "thumb", alt: "", loading: "lazy", decoding: "async", src: listing.hrefOf(entry) });
  const onclick = () => view.run([entry], page).catch(complain);
  const label = `View ${shown(entry.name)}`;
  const open = h("button", { type: "button", class: "thumb-button", "aria-label": label, onclick }, image);
  image.addEventListener("error", () => open.remove());
  return open;
}
