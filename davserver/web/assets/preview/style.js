/** The style sheet of previews: lent to the page when the first module asks for it. */

let lent = false;

/** Lend it, once. */
export function dress() {
  if (lent) return;
  lent = true;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("preview.css", import.meta.url).href;
  document.head.append(link);
}
