/**
 * Short messages: said to a screen reader, shown at the lower edge, with one thing to do about them at most.
 */

import { button, h, icon } from "./dom.js";

const LASTS_MS = 8_000;
const WITH_ACTION_MS = 30_000;

/** Say something to a screen reader only. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  // An unchanged text is not read again: it has to go first.
  requestAnimationFrame(() => {
    live.textContent = text;
  });
}

/**
 * Show a message.
 * @param {string} text
 * @param {{kind?: "good"|"bad", action?: {label: string, run: () => unknown}}} [options]
 */
export function toast(text, { kind = "good", action } = {}) {
  const dismiss = () => {
    clearTimeout(timer);
    box.remove();
  };
  const box = h(
    "div",
    { class: `toast ${kind}` },
    icon(kind === "bad" ? "warning" : "check"),
    h("p", {}, text),
    action && button(action.label, "", () => (dismiss(), Promise.resolve(action.run()).catch(complain)), { kind: "link" }),
    button("Dismiss", "close", dismiss, { quiet: true }),
  );
  const timer = setTimeout(dismiss, action ? WITH_ACTION_MS : LASTS_MS);
  box.addEventListener("focusin", () => clearTimeout(timer)); // it stays while somebody is in it
  document.getElementById("toasts").append(box);
  announce(text);
}

/** Show what went wrong. */
export function complain(error) {
  if (error?.name === "AbortError") return;
  toast(error?.message || "Something went wrong.", { kind: "bad" });
}
