/** The page of a drop folder: files are put, one after the other, each whole; what is there is not shown. */

import { button, fill, h } from "../dom.js";
import { Refused, wordsFor } from "../http.js";
import { encodeName } from "../paths.js";
import { announce } from "../toasts.js";
import { request } from "../uploads/request.js";
import { shown, size } from "../words.js";

const target = document.body.dataset.target;
const list = document.getElementById("sent");
const waiting = [];
let isSending = false;

function add(files) {
  for (const file of files) {
    const row = h("li", {});
    list.append(row);
    enqueue(file, row);
  }
}

function enqueue(file, row) {
  tell(row, file, h("span", { class: "history-about" }, "waits"));
  waiting.push({ file, row });
  if (!isSending) sendAll();
}

async function sendAll() {
  isSending = true;
  while (waiting.length) {
    const { file, row } = waiting.shift();
    const status = await put(file, row);
    if (status === 201) {
      tell(row, file, h("span", { class: "history-about" }, "arrived"));
      announce(`${shown(file.name)} arrived`);
    } else {
      const again = button("Try again", "", () => enqueue(file, row), {
        kind: "link",
        "aria-label": `Try ${shown(file.name)} again`,
      });
      tell(row, file, h("span", { role: "alert" }, status === 404 ? "This link has ended." : wordsFor(status)), again);
    }
  }
  isSending = false;
}

/** Put a file; resolves to the status, 0 if the server could not be reached. */
async function put(file, row) {
  const bar = h("progress", { max: file.size || 1, value: 0, "aria-label": `Progress of ${shown(file.name)}` });
  tell(row, file, bar);
  const headers = { "X-OC-Mtime": String(file.lastModified / 1000) };
  try {
    const progress = (sent) => (bar.value = sent);
    const answered = await request("PUT", target + encodeName(file.name), { headers, body: file, progress });
    return answered.status;
  } catch (error) {
    if (error instanceof Refused) return error.status;
    throw error;
  }
}

function tell(row, file, ...more) {
  const about = h("span", { class: "history-about" }, size(file.size));
  fill(row, h("div", {}, h("bdi", {}, shown(file.name)), about), ...more);
}

document.getElementById("files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = "";
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  add(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => {
  if (isSending) event.preventDefault();
});
