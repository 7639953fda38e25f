/** The versions of a collection: to browse, to compare, to bring back. */

import { CANCEL, ask as question, askName, tell } from "../dialogs.js";
import { button, fill, h, icon } from "../dom.js";
import { hrefOf } from "../paths.js";
import { complain, toast } from "../toasts.js";
import { count, exactly, shown, size, when } from "../words.js";
import { annotate, ask, commit, madeAt, restore, segmentsIn } from "./api.js";
import { compare } from "./compare.js";
import { pagedList } from "./pages.js";

const PAGE = 50;

/** Show the history of the collection that a listing is in. */
export function showVersions(page) {
  const place = {
    prefix: page.listing.prefix,
    collection: page.listing.collection,
    path: page.listing.path,
    mayWrite: page.listing.mayWrite,
  };
  const box = h("div", { class: "history-box" });
  const draw = () => fill(box, place.mayWrite && makeNow(place, draw), listOf(place, page));
  draw();
  return tell({ title: `History of “${shown(place.collection)}”`, body: [box], wide: true });
}

function listOf(place, page) {
  return pagedList({
    label: "Versions, the newest first",
    next: async (before) => {
      const told = await ask(place.prefix, place.collection, "versions", { before, limit: PAGE });
      return { items: told.versions, from: told.before };
    },
    row: (version) => row(place, page, version),
    empty: "There is no version yet: one is made a few seconds after a change.",
  });
}

function makeNow(place, done) {
  const make = async () => {
    const label = await askName({
      title: "Keep what is now",
      label: "What shall this version be called?",
      action: "Keep",
      complaint: (text) => (text.trim() ? "" : "A name is needed."),
    });
    if (label === null) return;
    try {
      await commit(place.prefix, place.collection, { label });
      done();
      toast(`Kept as “${shown(label)}”.`);
    } catch (error) {
      complain(error.status === 409 ? new Error("Another version has this name.") : error);
    }
  };
  return h("div", { class: "history-ways" }, button("Keep what is now", "plus", make));
}

function row(place, page, version) {
  const label = h("span", { class: "history-label" });
  const tellLabel = () => {
    label.textContent = version.label ? shown(version.label) : "";
    label.hidden = !version.label;
  };
  tellLabel();
  const name = `version ${version.version}`;
  const target = hrefOf(place.prefix, segmentsIn(place.collection, version), true);
  const ways = [
    h("a", { class: "button", href: target, "aria-label": `Browse ${name}` }, "Browse"),
    button("Changes", "", () => compare(place, page, version), { "aria-label": `Changes of ${name}` }),
    place.mayWrite && button("Name", "", () => rename(place, version, tellLabel), { "aria-label": `Name ${name}` }),
    place.mayWrite && button("Restore", "", () => bringBack(place, page, version), { "aria-label": `Restore ${name}` }),
  ];
  return h(
    "li",
    {},
    icon("history"),
    h(
      "div",
      { class: "history-words" },
      h(
        "p",
        {},
        h("time", { datetime: version.created, title: exactly(madeAt(version)) }, when(madeAt(version))),
        " ",
        label,
      ),
      h(
        "p",
        { class: "history-about" },
        `${version.version} · ${count(version.files, "file")}, ${size(version.bytes)}`,
        version.message && ` · ${shown(version.message)}`,
      ),
    ),
    h("div", { class: "history-ways" }, ...ways),
  );
}

async function rename(place, version, done) {
  const label = await askName({
    title: "Name this version",
    label: "A version with a name is kept for good",
    value: version.label ?? "",
    action: "Name",
    complaint: (text) => (text.trim() ? "" : "A name is needed."),
  });
  if (label === null) return;
  try {
    Object.assign(version, await annotate(place.prefix, place.collection, version.version, { label }));
    done();
  } catch (error) {
    complain(error.status === 409 ? new Error("Another version has this name.") : error);
  }
}

async function bringBack(place, page, version) {
  const sure = await question({
    title: `Restore everything as it was ${when(madeAt(version))}?`,
    body: [h("p", {}, "What is there now becomes a version first, so you can come back to it.")],
    buttons: [CANCEL, { label: "Restore", kind: "primary", value: "yes" }],
  });
  if (!sure) return;
  try {
    await restore(place.prefix, place.collection, version.version, "");
    await page.changed();
    toast(`“${shown(place.collection)}” is as it was ${when(madeAt(version))}.`);
  } catch (error) {
    complain(error);
  }
}
