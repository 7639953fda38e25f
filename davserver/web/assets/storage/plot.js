/**
 * Plots: small SVG drawings with axes. What they show stands in a table beside them, too; colours are told apart by
 * dashes and shapes as well.
 */

import { h } from "../dom.js";
import { size } from "../words.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 220;
const EDGE = { left: 64, right: 16, top: 14, bottom: 28 };
const LEAST_WIDTH = 280;
const ROW = 30;
const LABEL_CHARS = 24;
/** With more of them lines have no points: they would be one another's neighbours. */
const MOST_POINTS = 40;
let counter = 0;

/**
 * @typedef {{name: string, kind: string, values: number[]}} Series `kind` is a class of storage.css
 * @typedef {{title: string, about: string, labels: string[], series: Series[]}} Chart
 */

/** Draw lines over a sequence: what grew, and how. */
export function lines(chart) {
  return drawn(chart, HEIGHT, (svg, width) => {
    const frame = axes(svg, width, Math.max(...chart.series.flatMap((each) => each.values)));
    const step = frame.width / Math.max(1, chart.labels.length - 1);
    const x = (index) => EDGE.left + (chart.labels.length === 1 ? frame.width / 2 : index * step);
    for (const { kind, values } of chart.series) {
      const points = values.map((value, index) => `${round(x(index))},${round(frame.y(value))}`);
      svg.append(shape("polyline", { class: `plot-line ${kind}`, points: points.join(" ") }));
      if (points.length > MOST_POINTS) continue;
      for (const [index, value] of values.entries()) {
        const place = { cx: round(x(index)), cy: round(frame.y(value)), r: 3 };
        svg.append(shape("circle", { class: `plot-point ${kind}`, ...place }, told(chart, index, value)));
      }
    }
    ends(svg, chart.labels, width);
  });
}

/** Draw a column for each of a sequence: what each one added. */
export function columns(chart) {
  return drawn(chart, HEIGHT, (svg, width) => {
    const [{ kind, values }] = chart.series;
    const frame = axes(svg, width, Math.max(...values));
    const step = frame.width / values.length;
    const wide = Math.max(1, Math.min(48, step * 0.72));
    const bottom = HEIGHT - EDGE.bottom;
    for (const [index, value] of values.entries()) {
      const left = EDGE.left + (index + 0.5) * step - wide / 2;
      const height = Math.max(value ? 1 : 0, bottom - frame.y(value));
      const place = { x: round(left), y: round(bottom - height), width: round(wide), height: round(height) };
      svg.append(shape("rect", { class: `plot-bar ${kind}`, ...place }, told(chart, index, value)));
    }
    ends(svg, chart.labels, width);
  });
}

/** Draw a bar for each of a list, the largest first. */
export function bars(chart) {
  const [{ kind, values }] = chart.series;
  return drawn(chart, values.length * ROW + 4, (svg, width) => {
    const left = Math.min(200, width * 0.36);
    const most = Math.max(1, ...values);
    const room = width - left - 84;
    values.forEach((value, index) => {
      const middle = index * ROW + ROW / 2;
      const length = Math.max(value ? 2 : 0, (value / most) * room);
      const place = { x: left, y: middle - 8, width: round(length), height: 16, rx: 2 };
      svg.append(
        words(shortened(chart.labels[index]), left - 10, middle + 5, "end"),
        shape("rect", { class: `plot-bar ${kind}`, ...place }, told(chart, index, value)),
        words(size(value), left + length + 8, middle + 5, "start"),
      );
    });
  });
}

/** Return the steps of an axis from 0 up to at least `most`: 1, 2 or 5 of some power of ten. */
export function stepsTo(most) {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((each) => each * power >= rough) * power);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}

/** Make the drawing anew whenever its room is another: text keeps its size on a telephone. */
function drawn(chart, height, draw) {
  counter += 1;
  const ids = [`plot-${counter}-title`, `plot-${counter}-about`];
  const frame = h("figure", { class: "plot" }, legend(chart));
  const svg = shape("svg", { role: "img", "aria-labelledby": ids.join(" "), height });
  frame.append(svg);
  let before = 0;
  const show = (width) => {
    if (Math.abs(width - before) < 1) return;
    before = width;
    svg.setAttribute("width", String(width));
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(named("title", ids[0], chart.title), named("desc", ids[1], chart.about));
    draw(svg, width);
  };
  show(LEAST_WIDTH);
  new ResizeObserver(([entry]) => show(Math.max(LEAST_WIDTH, Math.floor(entry.contentRect.width)))).observe(frame);
  return frame;
}

function legend({ title, series }) {
  const keys = series.length < 2 ? [] : series.map(({ name, kind }) => h("li", {}, swatch(kind), name));
  return h("figcaption", {}, h("h3", {}, title), keys.length > 0 && h("ul", { class: "plot-legend" }, ...keys));
}

function swatch(kind) {
  const svg = shape("svg", { width: 26, height: 10, "aria-hidden": "true" });
  svg.append(shape("polyline", { class: `plot-line ${kind}`, points: "1,5 25,5" }));
  return svg;
}

function axes(svg, width, most) {
  const steps = stepsTo(most);
  const bottom = HEIGHT - EDGE.bottom;
  const y = (value) => bottom - (value / steps.at(-1)) * (bottom - EDGE.top);
  for (const step of steps) {
    const place = { x1: EDGE.left, x2: width - EDGE.right, y1: round(y(step)), y2: round(y(step)) };
    svg.append(
      shape("line", { class: step ? "plot-grid" : "plot-axis", ...place }),
      words(size(step), EDGE.left - 8, y(step) + 4, "end"),
    );
  }
  return { y, width: width - EDGE.left - EDGE.right };
}

function ends(svg, labels, width) {
  const [left, right, y] = [EDGE.left, width - EDGE.right, HEIGHT - 8];
  if (labels.length === 1) svg.append(words(labels[0], (left + right) / 2, y, "middle"));
  if (labels.length > 1) svg.append(words(labels[0], left, y, "start"), words(labels.at(-1), right, y, "end"));
}

function shape(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

function words(text, x, y, anchor) {
  return shape("text", { class: "plot-words", x: round(x), y: round(y), "text-anchor": anchor }, text);
}

function named(tag, id, text) {
  return shape(tag, { id }, text);
}

/** What a pointer that rests on a shape is told. */
function told({ labels }, index, value) {
  return shape("title", {}, `${labels[index]}: ${size(value)}`);
}

function shortened(text) {
  return text.length > LABEL_CHARS ? `${text.slice(0, LABEL_CHARS - 1)}…` : text;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
