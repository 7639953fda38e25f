/** The keyboard: everything can be done without a mouse. */

import { actions } from "./actions/all.js";
import { makeNew, perform } from "./bar.js";
import { tell } from "./dialogs.js";
import { h } from "./dom.js";
import { MOST_SELECTED } from "./selection.js";
import { complain, toast } from "./toasts.js";

const HELP = [
  ["↑ ↓ Home End Page", "go through the list"],
  ["Enter", "open a folder, or the details of a file"],
  ["Backspace", "go to the folder above"],
  ["any letter", "find by name"],
  ["Space", "select or not"],
  ["Shift ↑ ↓", "select from here to there"],
  ["Ctrl A · Escape", "select all · nothing"],
  ["Alt Enter", "details"],
  ["Shift Enter", "view a file; then ← → for those beside it"],
  ["F2 · Delete", "rename · delete"],
  ["Ctrl X · C · V", "cut · copy · paste here"],
  ["Insert", "new folder"],
  ["Ctrl U", "upload files"],
  ["?", "this help"],
];

/** Write the keys of an event as actions name them: "Ctrl+Shift+a". */
export function keyOfEvent(event) {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const alt = event.altKey ? "Alt+" : "";
  return ctrl + alt + (event.shiftKey && event.key.length > 1 ? "Shift+" : "") + event.key;
}

/** Listen to keys, wherever the focus is but in a field or a question. */
export function liveKeys(page) {
  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog, [contenteditable]");
    if (isTyping || event.defaultPrevented) return;
    const onButton = event.target.closest?.("button, a, summary");
    const key = keyOfEvent(event);
    if (onButton && (key === "Enter" || key === " ")) return;
    if (key === "Ctrl+c" && !document.getSelection().isCollapsed) return; // marked text is what is to be copied
    const way = ways(page)[key] ?? ofActions(page, key);
    if (way) {
      event.preventDefault();
      Promise.resolve(way()).catch(complain);
    } else if (/^[^\s]$/u.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      document.getElementById("find").focus(); // the browser puts the letter there
    }
  });
}

function ways(page) {
  const { list, listing, selection } = page;
  const at = list.activeIndex;
  const move = (to, extend) => () => list.focus(to, { extend });
  const last = listing.total - 1;
  return {
    ArrowDown: move(page.isInList() ? at + 1 : at),
    ArrowUp: move(at - 1),
    Home: move(0),
    End: move(last),
    PageDown: move(at + list.pageRows),
    PageUp: move(at - list.pageRows),
    "Shift+ArrowDown": move(at + 1, true),
    "Shift+ArrowUp": move(at - 1, true),
    "Shift+Home": move(0, true),
    "Shift+End": move(last, true),
    " ": () => list.active && selection.toggle(list.active),
    Enter: () => list.active && page.activate(list.active),
    "Alt+Enter": () => list.active && page.panel.open(list.active),
    Backspace: () => page.up(),
    "Alt+ArrowUp": () => page.up(),
    Escape: () => (selection.size ? selection.clear() : page.panel.close()),
    "Ctrl+a": () => selectAll(page),
    "Ctrl+x": () => page.clipboard.take("move"),
    "Ctrl+c": () => page.clipboard.take("copy"),
    "Ctrl+v": () => page.clipboard.paste(),
    "Ctrl+u": () => listing.mayWrite && !listing.isRoot && page.uploads.choose(false),
    Insert: () => makeNew(page),
    "?": showHelp,
  };
}

function ofActions(page, key) {
  const action = actions.find((each) => each.keys.includes(key));
  return action && (() => perform(action, page.targets(), page));
}

/** Select everything, if one request can change it. */
async function selectAll({ listing, selection }) {
  if (listing.total > MOST_SELECTED) {
    toast(`More than ${MOST_SELECTED} entries cannot be selected at once.`, { kind: "bad" });
    return;
  }
  if (listing.total) selection.only(await listing.range(0, listing.total - 1));
}

/** Show what the keys do. */
export function showHelp() {
  const rows = HELP.flatMap(([keys, what]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, what)]);
  return tell({ title: "Keys", body: [h("dl", { class: "help" }, ...rows)] });
}
