/** Making a link: what it gives, and until when; then its address, which is shown this once. */

import { CANCEL, ask, tell } from "../dialogs.js";
import { button, h } from "../dom.js";
import { announce } from "../toasts.js";
import { shown } from "../words.js";
import { makeLink } from "./api.js";

const KINDS = [
  ["read", "Look and download"],
  ["drop", "Put files in, and see nothing"],
];

/** Ask for a link to an entry and make it; resolves to whether one was made. */
export async function share(place, entry) {
  const kind = h("select", { id: "share-kind" }, ...KINDS.map(([value, words]) => h("option", { value }, words)));
  const days = field("share-days", {
    type: "number",
    min: "1",
    max: "36500",
    step: "1",
    value: "30",
    inputmode: "numeric",
  });
  const downloads = field("share-downloads", { type: "number", min: "1", step: "1", inputmode: "numeric" });
  const password = field("share-password", { type: "text", spellcheck: "false" });
  const label = field("share-label", { type: "text", maxlength: "200" });
  const wish = () => ({
    kind: kind.value,
    expires_days: days.value ? Number(days.value) : null,
    downloads: downloads.value && kind.value === "read" ? Number(downloads.value) : null,
    password: password.value || null,
    label: label.value || null,
  });
  const wanted = await ask({
    title: `Share “${shown(entry.name)}” by a link`,
    body: [
      ...(entry.folder ? named("Whoever has the link may", kind) : []),
      ...named("Days until it ends (empty: never)", days),
      ...named("Downloads until it ends (empty: any number)", downloads),
      ...named("Password (empty: none)", password),
      ...named("What it is for, for your list", label),
    ],
    buttons: [CANCEL, { label: "Make the link", kind: "primary", value: "yes" }],
    answer: wish,
  });
  if (wanted === null) return false;
  const made = await makeLink(place, wanted);
  await showAddress(new URL(made.url, location.href).href);
  return true;
}

function showAddress(address) {
  const input = h("input", { id: "share-address", readonly: true, value: address, onfocus: () => input.select() });
  const copy = async () => {
    input.select();
    try {
      await navigator.clipboard.writeText(address);
      announce("Copied.");
    } catch {
      announce("Press Ctrl+C to copy."); // without TLS the clipboard is the browser's alone; the text is selected
    }
  };
  return tell({
    title: "The link",
    body: [
      ...named("Whoever has this address may use it. It is not shown again.", input),
      button("Copy the address", "copy", copy),
    ],
  });
}

const field = (id, more) => h("input", { id, autocomplete: "off", ...more });
const named = (words, input) => [h("label", { for: input.id }, words), input];
