/** Style sheets that are lent to the page when the first module asks for them. */

const lent = new Set();

/** Lend a style sheet, once; without an address that of previews. */
export function dress(url = new URL("preview.css", import.meta.url)) {
  if (lent.has(url.href)) return;
  lent.add(url.href);
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url.href;
  document.head.append(link);
}
