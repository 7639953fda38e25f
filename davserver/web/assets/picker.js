/** Choose a folder: a tree of all that can be written to, opened as you go down. */

import { ask, CANCEL } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { json } from "./http.js";
import { hrefOf } from "./paths.js";
import { complain } from "./toasts.js";
import { shown } from "./words.js";

const MOST = 1000;

/**
 * Ask for a folder; resolves to `{segments, collection, path}`, or null.
 * @param {string} prefix
 * @param {{title: string, action: string, at: string[]}} question `at`: the folder to begin with, open
 */
export async function chooseFolder(prefix, { title, action, at }) {
  let chosen = null;
  const tree = h("ul", { role: "tree", "aria-label": "Folders", class: "tree" });
  const said = h("p", { class: "complaint", role: "alert" });
  const choose = (item) => {
    tree.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    item.setAttribute("aria-selected", "true");
    for (const each of tree.querySelectorAll('[role="treeitem"]')) each.tabIndex = each === item ? 0 : -1;
    chosen = item;
  };
  await grow(prefix, tree, [], choose);
  tree.addEventListener("keydown", (event) => walk(event, choose));
  const answered = ask({
    title,
    body: [tree, said],
    buttons: [CANCEL, { label: action, kind: "primary", value: "yes" }],
    check: () => {
      said.textContent = chosen ? "" : "Choose a folder first.";
      return Boolean(chosen);
    },
    answer: () => target(chosen),
    wide: true,
  });
  await openTo(tree, at, choose);
  return answered;
}

function target(item) {
  const segments = JSON.parse(item.dataset.segments);
  return { segments, collection: segments[0] ?? null, path: segments.slice(1) };
}

/** Fill a branch with the folders of a place. */
async function grow(prefix, branch, segments, choose) {
  const told = await json("GET", `${prefix}/_/api/list${hrefOf("", segments, true)}?limit=${MOST}`);
  for (const entry of told.entries) {
    const mayWrite = (entry.right ?? told.right) !== "read";
    if (entry.folder && mayWrite && !entry.href) branch.append(leaf(prefix, [...segments, entry.name], choose));
  }
}

function leaf(prefix, segments, choose) {
  const branch = h("ul", { role: "group", hidden: true });
  const label = h(
    "span",
    { class: "tree-label" },
    icon("chevron"),
    icon(segments.length > 1 ? "folder" : "collection"),
    h("bdi", {}, shown(segments.at(-1))),
  );
  const item = h(
    "li",
    {
      role: "treeitem",
      tabindex: "-1",
      "aria-expanded": "false",
      "aria-selected": "false",
      "aria-label": shown(segments.at(-1)),
      "data-segments": JSON.stringify(segments),
    },
    label,
    branch,
  );
  item.open = async () => {
    if (!branch.hidden) return;
    if (!branch.childElementCount) await grow(prefix, branch, segments, choose).catch(complain);
    branch.hidden = false;
    item.setAttribute("aria-expanded", "true");
  };
  item.shut = () => {
    branch.hidden = true;
    item.setAttribute("aria-expanded", "false");
  };
  label.addEventListener("click", (event) => {
    choose(item);
    item.focus();
    if (event.target.closest(".icon") === label.firstChild && !branch.hidden) item.shut();
    else item.open();
  });
  return item;
}

async function openTo(tree, at, choose) {
  let branch = tree;
  let last = tree.querySelector('[role="treeitem"]');
  for (const name of at) {
    const item = [...branch.children].find((each) => JSON.parse(each.dataset.segments).at(-1) === name);
    if (!item) break;
    last = item;
    await item.open();
    branch = item.lastElementChild;
  }
  if (!last) return;
  choose(last);
  last.focus();
}

/** Walk the tree by keys (ARIA Authoring Practices, tree view). */
function walk(event, choose) {
  const item = event.target.closest('[role="treeitem"]');
  const all = [...event.currentTarget.querySelectorAll('[role="treeitem"]')].filter(
    (each) => !each.parentElement.closest("[hidden]"),
  );
  const here = all.indexOf(item);
  const isOpen = item?.getAttribute("aria-expanded") === "true";
  const ways = {
    ArrowDown: () => all[here + 1],
    ArrowUp: () => all[here - 1],
    Home: () => all[0],
    End: () => all.at(-1),
    ArrowRight: () => (isOpen ? all[here + 1] : void item.open()),
    ArrowLeft: () => (isOpen ? void item.shut() : item.parentElement.closest('[role="treeitem"]')),
    " ": () => item,
  };
  if (!item || !ways[event.key]) return;
  event.preventDefault();
  const next = ways[event.key]();
  if (next) {
    choose(next);
    next.focus();
  }
}
