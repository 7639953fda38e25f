/** What the browser shows by itself: pictures, sound, films, PDF. Each comes by ranges as the browser asks for it. */

import { button, h } from "../dom.js";
import { size } from "../words.js";
import { IMAGE_BYTES } from "./files.js";
import { none } from "./notes.js";

/** Show a picture. A script in an SVG does not run: it is a picture here. */
export function showImage(file, { keep }) {
  if (file.size <= IMAGE_BYTES) return picture(file, keep);
  const frame = h("div", { class: "preview-ask" }, h("p", {}, `This picture is large: ${size(file.size)}.`));
  frame.append(button("Show it", "", () => frame.replaceWith(picture(file, keep)), { kind: "primary" }));
  return frame;
}

function picture(file, keep) {
  const image = h("img", { class: "preview-image", alt: file.name, decoding: "async" });
  const frame = h("div", { class: "preview-picture" }, image);
  image.addEventListener("error", () => frame.replaceChildren(none("This is no picture that the browser can show.")));
  image.addEventListener("load", () => {
    frame.append(h("p", { class: "preview-note" }, `${image.naturalWidth} × ${image.naturalHeight}`));
  });
  image.setAttribute("src", file.href);
  keep(() => image.removeAttribute("src"));
  return frame;
}

/** Play sound. */
export function showAudio(file, around) {
  return player("audio", file, around);
}

/** Play a film. */
export function showVideo(file, around) {
  return player("video", file, around);
}

function player(tag, file, { keep }) {
  const media = h(tag, {
    class: `preview-${tag}`, controls: true, preload: "metadata", playsinline: true, "aria-label": file.name,
  });
  const frame = h("div", { class: "preview-player" }, media);
  media.addEventListener("error", () => frame.replaceChildren(none("The browser cannot play this.")));
  media.setAttribute("src", file.href);
  keep(() => {
    media.pause();
    media.removeAttribute("src");
    media.load();
  });
  return frame;
}

/** Show a PDF in the browser's own viewer, from an address that hands out nothing but PDF. */
export function showPdf(file) {
  return h("iframe", { class: "preview-pdf", src: file.framed, title: file.name, referrerpolicy: "no-referrer" });
}
