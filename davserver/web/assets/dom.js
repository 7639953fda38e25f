/**
 * Elements, made without HTML: text is text, whatever it says. (Trusted Types hold the page to that.)
 */

const SVG = "http://www.w3.org/2000/svg";
const SPRITE = new URL("icons.svg", import.meta.url).href;

/**
 * Make an element. Names beginning with "on" are listeners, booleans set or leave out an attribute, null leaves it out.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Make an icon of the sprite; it says nothing to a screen reader: its neighbour does. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/** Make a button of an icon and words; `quiet` hides the words from the eye only. */
export function button(label, name, onclick, { quiet = false, kind = "", ...more } = {}) {
  const words = h("span", { class: quiet ? "hidden" : "label" }, label);
  return h(
    "button",
    { type: "button", class: `button ${kind}${quiet ? " quiet" : ""}`, title: quiet ? label : null, onclick, ...more },
    name && icon(name),
    words,
  );
}

/** Give an element these children and no others. */
export function fill(element, ...children) {
  element.replaceChildren(...children.filter(Boolean));
}

/** Give an element these children and no others; one that stays is not touched: it keeps its focus and a press on it. */
export function keep(element, children) {
  const wanted = new Set(children);
  for (const child of [...element.childNodes]) if (!wanted.has(child)) child.remove();
  children.forEach((child, place) => {
    const there = element.childNodes[place] ?? null;
    if (there !== child) element.insertBefore(child, there);
  });
}
