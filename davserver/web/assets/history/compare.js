/** Two states of a collection side by side: what came, what went, what changed, and how a text changed. */

import { tell } from "../dialogs.js";
import { button, fill, h } from "../dom.js";
import { complain, toast } from "../toasts.js";
import { shown, size, when } from "../words.js";
import { ask, madeAt, restore } from "./api.js";
import { pagedList } from "./pages.js";

const PAGE = 100;
const STATUS = {
  added: ["+", "Added"],
  removed: ["−", "Removed"],
  changed: ["~", "Changed"],
  moved: ["→", "Moved"],
  replaced: ["~", "Replaced"],
  properties: ["·", "Times or properties"],
};

/** Compare a version with the one before it; both ends can be chosen anew. */
export async function compare(place, page, version) {
  try {
    const { versions } = await ask(place.prefix, place.collection, "versions", { limit: 1000 });
    const before = versions.find((each) => each.version < version.version);
    const from = choice("From", versions, before?.version ?? version.version, false);
    const to = choice("To", versions, before ? version.version : "live", true);
    const box = h("div", {});
    const draw = () => fill(box, listOf(place, page, from.select.value, to.select.value));
    from.select.addEventListener("change", draw);
    to.select.addEventListener("change", draw);
    draw();
    await tell({
      title: "What changed",
      body: [h("div", { class: "compare-ends" }, from.label, to.label), box],
      wide: true,
    });
  } catch (error) {
    complain(error);
  }
}

function choice(name, versions, chosen, withNow) {
  const options = versions.map((each) =>
    h(
      "option",
      { value: each.version, selected: each.version === chosen },
      `${each.version}: ${each.label ? shown(each.label) : when(madeAt(each))}`,
    ),
  );
  const now = withNow && h("option", { value: "live", selected: chosen === "live" }, "Now");
  const select = h("select", { "aria-label": name }, now, ...options);
  return { select, label: h("div", { class: "compare-end" }, h("span", { "aria-hidden": "true" }, name), select) };
}

function listOf(place, page, from, to) {
  return pagedList({
    label: "Changes",
    next: async (after) => {
      const told = await ask(place.prefix, place.collection, "diff", { from, to, fold: 1, after, limit: PAGE });
      return { items: told.changes, from: told.after };
    },
    row: (change) => row(place, page, from, to, change),
    empty: "Nothing differs.",
  });
}

function row(place, page, from, to, change) {
  const [sign, word] = STATUS[change.status] ?? ["?", change.status];
  const sizes = [change.old_bytes, change.new_bytes].filter((bytes) => bytes !== undefined && bytes !== null).map(size);
  const isText = change.kind === "file" && change.status === "changed";
  const canRestore = place.mayWrite && ["removed", "changed", "replaced"].includes(change.status);
  const was = change.from ? `from ${shown(change.from)}, ` : "";
  return h(
    "li",
    { class: `change ${change.status}` },
    h("span", { class: "change-sign", "aria-hidden": "true" }, sign),
    h(
      "div",
      { class: "history-words" },
      h(
        "p",
        {},
        h("span", { class: "hidden" }, `${word}: `),
        h("bdi", {}, shown(change.path) || "the collection itself"),
      ),
      h("p", { class: "history-about" }, `${word}, ${was}${sizes.join(" → ")}`),
      isText && lines(place, from, to, change.path),
    ),
    canRestore &&
      h(
        "div",
        { class: "history-ways" },
        button("Restore", "", () => bringBack(place, page, from, change.path), {
          "aria-label": `Restore ${shown(change.path)}`,
        }),
      ),
  );
}

/** The lines that differ, asked for when somebody wants to see them. */
function lines(place, from, to, path) {
  const shownLines = h("pre", { class: "diff", tabindex: "0", "aria-label": `Lines of ${shown(path)}` });
  const details = h("details", {}, h("summary", {}, "Lines"), shownLines);
  details.addEventListener("toggle", async () => {
    if (!details.open || shownLines.childElementCount) return;
    try {
      const told = await ask(place.prefix, place.collection, "diff/text", { from, to, path });
      const text = told.diff ?? `These cannot be compared as text: ${told.reason}`;
      fill(
        shownLines,
        ...text
          .trimEnd()
          .split("\n")
          .slice(told.diff ? 2 : 0)
          .map(line),
      );
    } catch (error) {
      complain(error);
    }
  });
  return details;
}

function line(text) {
  const kind = { "+": "ins", "-": "del", "@": "at" }[text[0]] ?? "same";
  return h("span", { class: `diff-${kind}` }, `${text}\n`);
}

async function bringBack(place, page, version, path) {
  try {
    await restore(place.prefix, place.collection, Number(version), path);
    await page.changed();
    toast(`“${shown(path)}” is as it was in version ${version}.`);
  } catch (error) {
    complain(error);
  }
}
