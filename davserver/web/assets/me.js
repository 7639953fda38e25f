/** Who you are, the colours, and help. */

import { button, fill, h, icon } from "./dom.js";
import { showHelp } from "./keys.js";
import { announce } from "./toasts.js";
import { shown } from "./words.js";

const THEMES = ["system", "light", "dark"];
const ICONS = { system: "system", light: "sun", dark: "moon" };
const KEY = "davserver.theme";

/** Show the right end of the head. */
export function showMe(element, { prefix, user, open }) {
  fill(element, whoIs(prefix, user, open), themeButton(), button("Help and keys", "help", showHelp, { quiet: true }));
}

function whoIs(prefix, user, open) {
  if (user)
    return h("span", { class: "user", title: `Signed in as ${shown(user)}` }, icon("user"), h("bdi", {}, shown(user)));
  if (open) return null;
  const to = encodeURIComponent(location.pathname);
  return h(
    "a",
    { class: "button", href: `${prefix}/_/signin?to=${to}` },
    icon("user"),
    h("span", { class: "label" }, "Sign in"),
  );
}

function themeButton() {
  const element = button(
    "",
    "system",
    () => {
      const next = THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length];
      choose(next);
      label();
      announce(`Colours: ${next}`);
    },
    { quiet: true },
  );
  const label = () => {
    const theme = chosen();
    element.title = `Colours: ${theme}`;
    fill(element, icon(ICONS[theme]), h("span", { class: "hidden" }, `Colours: ${theme}. Press to change.`));
  };
  label();
  return element;
}

function chosen() {
  return document.documentElement.dataset.theme ?? "system";
}

function choose(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
}
