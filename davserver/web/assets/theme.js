/**
 * The colours somebody chose, before anything is drawn: a classic script in the head, so that no page flashes.
 */
"use strict";
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("davserver.theme");
  } catch {
    // Storage may be forbidden; then the system's colours are used.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  document.documentElement.classList.add("scripted");
}
