/** What a preview says of itself. */

import { h } from "../dom.js";
import { size } from "../words.js";

/** Say how much of a file is shown; "" if it is all. */
export function begun(shown, whole) {
  return shown < whole ? `The first ${size(shown)} of ${size(whole)}` : "";
}

/** Say why nothing is shown. */
export function none(why) {
  return h("p", { class: "preview-none", role: "status" }, why);
}
