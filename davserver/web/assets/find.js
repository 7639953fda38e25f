/** The box to find by name: it asks as you type, and keeps what it asked in the address. */

import { announce, complain } from "./toasts.js";
import { count } from "./words.js";

const PAUSE_MS = 180;

/** Make the box live. `list` gets the focus when Enter or the down arrow is pressed. */
export function liveFind(listing, list) {
  const [input, deep] = [document.getElementById("find"), document.getElementById("deep")];
  let timer = 0;
  const ask = async () => {
    clearTimeout(timer);
    const find = input.value.trim();
    if (find === listing.find && deep.checked === listing.deep) return;
    try {
      if (!(await listing.open(listing.segments, { find, deep: deep.checked }))) return;
      history.replaceState(null, "", addressOf(listing));
      if (find) announce(found(listing));
    } catch (error) {
      complain(error);
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  deep.addEventListener("change", ask);
  input.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await ask();
    list.focus(0);
  });
  input.addEventListener("keydown", async (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      await ask();
      list.focus(0);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      input.value = "";
      await ask();
      list.focus(list.activeIndex);
    }
  });
  listing.addEventListener("opened", () => {
    if (document.activeElement !== input) input.value = listing.find;
    deep.checked = listing.deep;
  });
}

/** Return the address of what a listing shows. */
export function addressOf(listing) {
  const words = new URLSearchParams();
  if (listing.sort !== "name" || listing.order !== "asc") {
    words.set("sort", listing.sort);
    words.set("order", listing.order);
  }
  if (listing.find) words.set("find", listing.find);
  if (listing.find && listing.deep) words.set("deep", "1");
  const query = words.toString();
  return listing.hrefOfFolder() + (query ? `?${query}` : "");
}

function found(listing) {
  return `${count(listing.total, "result")}${listing.complete ? "" : ", and more"}`;
}
