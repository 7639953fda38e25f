/**
 * Questions. Each is a modal <dialog>: the browser holds the focus in it and gives it back; Escape says no.
 */

import { h } from "./dom.js";

let counter = 0;

/**
 * Ask with a dialog; resolves to what `answer` returned for the button that was pressed, or null.
 * @param {{title: string, body: (Node|string)[], buttons: {label: string, kind?: string, value: string}[],
 *   answer?: (value: string) => unknown, check?: () => boolean, wide?: boolean}} question
 */
export function ask({ title, body, buttons, answer = (value) => value, check = () => true, wide = false }) {
  counter += 1;
  const titleId = `dialog-${counter}`;
  return new Promise((resolve) => {
    const form = h(
      "form",
      { method: "dialog", class: "question" },
      h("h2", { id: titleId }, title),
      h("div", { class: "question-body" }, ...body),
      h(
        "div",
        { class: "question-ways" },
        ...buttons.map(({ label, kind = "", value }) =>
          h(
            "button",
            {
              class: `button ${kind}`,
              value,
              type: value ? "submit" : "button",
              onclick: value ? null : () => dialog.close(""),
            },
            label,
          ),
        ),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": titleId, class: wide ? "wide" : null }, form);
    form.addEventListener("submit", (event) => {
      if (!check()) event.preventDefault();
    });
    dialog.addEventListener("close", () => {
      const value = dialog.returnValue;
      const result = value ? answer(value) : null;
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    letScroll(dialog.querySelector(".question-body"));
    const first = dialog.querySelector("[autofocus], input, .primary, .danger");
    if (first instanceof HTMLElement) first.focus();
  });
}

/** Let the keyboard scroll what is too long for the screen, if nothing in it takes the focus there. */
function letScroll(body) {
  const isLong = body.scrollHeight > body.clientHeight;
  if (isLong && !body.querySelector("a, button, input, select, [tabindex]")) body.tabIndex = 0;
}

/** Ask for a name; resolves to it, or to null. `stem` marks the name without its ending, to be typed over. */
export function askName({ title, label, value = "", action, complaint, stem = false }) {
  counter += 1;
  const id = `name-${counter}`;
  const said = h("p", { class: "complaint", id: `${id}-complaint`, role: "alert" });
  const input = h("input", {
    id,
    value,
    autocomplete: "off",
    spellcheck: "false",
    maxlength: "255",
    "aria-describedby": `${id}-complaint`,
  });
  const check = () => {
    said.textContent = complaint(input.value);
    input.setAttribute("aria-invalid", String(Boolean(said.textContent)));
    return !said.textContent;
  };
  const asked = ask({
    title,
    body: [h("label", { for: id }, label), input, said],
    buttons: [CANCEL, { label: action, kind: "primary", value: "yes" }],
    answer: () => input.value,
    check,
  });
  const dot = value.lastIndexOf(".");
  input.setSelectionRange(0, stem && dot > 0 ? dot : value.length);
  return asked;
}

export const CANCEL = { label: "Cancel", value: "" };

/** Show something to be read and closed. */
export function tell({ title, body, wide = false }) {
  return ask({ title, body, wide, buttons: [{ label: "Close", kind: "primary", value: "yes" }] });
}
