/** The storage view: sizes, what is stored once for many, and growth; of one collection, or of all one may see. */

import { tell } from "../dialogs.js";
import { h } from "../dom.js";
import { json } from "../http.js";
import { encodeName } from "../paths.js";
import { dress } from "../preview/style.js";
import { count, number, shown, size, when } from "../words.js";
import { bars, columns, lines } from "./plot.js";

const MOST_BARS = 20;
const MOST_POINTS = 300;

dress(new URL("storage.css", import.meta.url));

/** Ask for the sizes of a collection. */
export function sizesOf(prefix, name) {
  return json("GET", `${prefix}/_/api/collections/${encodeName(name)}/stats`);
}

/** Show the sizes of a collection over the page. */
export async function openCollection(prefix, name) {
  const stats = await sizesOf(prefix, name);
  await tell({ title: `Storage of ${shown(name)}`, body: [ofCollection(stats)], wide: true });
}

/** Show the sizes of all collections over the page. */
export async function openAll(prefix) {
  const stats = await json("GET", `${prefix}/_/api/stats`);
  await tell({ title: "Storage of all collections", body: [ofAll(stats)], wide: true });
}

/** Say how much less room versions take than copies would; a dash while nothing is stored. */
export function sharing({ ratio }) {
  return ratio ? `${ratio.toLocaleString(undefined, { maximumFractionDigits: ratio < 10 ? 1 : 0 })} ×` : "–";
}

/** Draw how a collection grew; null while it has no version. */
export function growthOf(stats) {
  const growth = thinned(stats.growth);
  if (!growth.length) return null;
  let stored = stats.history_bytes - stats.growth.reduce((sum, each) => sum + each.new_bytes, 0);
  const sums = new Map(stats.growth.map((each) => [each.version, (stored += each.new_bytes)]));
  const last = growth.at(-1);
  return lines({
    title: "Growth",
    about: [
      `From version ${growth[0].version} to version ${last.version}:`,
      `what is seen grew from ${size(growth[0].bytes)} to ${size(last.bytes)},`,
      `what is stored for all versions to ${size(sums.get(last.version))}.`,
    ].join(" "),
    labels: growth.map((each) => `Version ${each.version}`),
    series: [
      { name: "what is seen", kind: "seen", values: growth.map((each) => each.bytes) },
      {
        name: "stored, for all versions until then",
        kind: "stored",
        values: growth.map((each) => sums.get(each.version)),
      },
    ],
  });
}

function ofCollection(stats) {
  const facts = [
    ["in files", size(stats.bytes)],
    ["files", number(stats.files)],
    ["versions", number(stats.versions)],
    ["in all versions together", size(stats.version_bytes)],
    ["stored for them", size(stats.history_bytes)],
    ["less room than copies would take", sharing(stats)],
  ];
  const notes = [
    !stats.complete && "Of this collection only a part was counted: it has very many folders.",
    stats.pending > 0 && `${count(stats.pending, "change")}, ${size(stats.pending_bytes)}, in no version yet.`,
  ].filter(Boolean);
  const hasVersions = stats.growth.length > 0;
  if (!hasVersions) notes.push("No version yet: what changes becomes one soon.");
  return h(
    "div",
    { class: "storage" },
    sums(facts),
    ...notes.map((note) => h("p", { class: "storage-note" }, note)),
    ...(hasVersions ? [growthOf(stats), added(stats), history(stats)] : []),
  );
}

function added({ growth }) {
  const shownOnes = thinned(growth);
  const most = growth.reduce((a, b) => (b.new_bytes > a.new_bytes ? b : a));
  return columns({
    title: "New in each version",
    about: `Bytes that no version before has. The most came with version ${most.version}: ${size(most.new_bytes)}.`,
    labels: shownOnes.map((each) => `Version ${each.version}`),
    series: [{ name: "new", kind: "stored", values: shownOnes.map((each) => each.new_bytes) }],
  });
}

function history({ growth }) {
  const head = ["Version", "Made", "Files", "Size", "New bytes", "New blocks"];
  const rows = growth.toReversed().map((each) => [
    String(each.version),
    when(Date.parse(each.created) / 1000),
    number(each.files),
    size(each.bytes),
    size(each.new_bytes),
    number(each.new_blocks),
  ]);
  return figures("Versions, the newest first", head, rows);
}

function ofAll(stats) {
  const largest = stats.collections.toSorted((a, b) => b.bytes - a.bytes);
  const top = largest.slice(0, MOST_BARS);
  const head = ["Name", "Size", "Versions", "All versions", "Waiting"];
  const facts = [
    ["in files", size(stats.bytes)],
    ["collections", number(stats.collections.length)],
    ["versions", number(stats.versions)],
    ["in all versions together", size(stats.version_bytes)],
  ];
  const rows = largest.map((each) => [
    shown(each.name),
    size(each.bytes),
    number(each.versions),
    size(each.version_bytes),
    each.pending ? count(each.pending, "change") : "–",
  ]);
  return h(
    "div",
    { class: "storage" },
    sums(facts),
    top.length > 0 && bars({
      title: largest.length > MOST_BARS ? `The ${MOST_BARS} largest collections` : "Collections",
      about: `The largest is ${shown(top[0].name)} with ${size(top[0].bytes)}.`,
      labels: top.map((each) => shown(each.name)),
      series: [{ name: "what is seen", kind: "seen", values: top.map((each) => each.bytes) }],
    }),
    rows.length > 0 && figures("Collections, the largest first", head, rows),
  );
}

function sums(facts) {
  const pair = ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return h("dl", { class: `storage-sums ${facts.length === 4 ? "four" : "six"}` }, ...facts.map(pair));
}

/** The figures behind the plots, for whoever does not see those. */
function figures(caption, head, rows) {
  return h(
    "div",
    { class: "figures", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "hidden" }, caption),
      h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...rows.map(figuresOf)),
    ),
  );
}

function figuresOf([name, ...values]) {
  const head = h("th", { scope: "row" }, h("bdi", {}, name));
  return h("tr", {}, head, ...values.map((value) => h("td", {}, value)));
}

/** Take every n-th version and the last, if there are more than a plot can show. */
function thinned(growth) {
  const step = Math.ceil(growth.length / MOST_POINTS);
  return growth.filter((_, index) => (growth.length - 1 - index) % step === 0);
}
