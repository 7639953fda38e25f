/** A request with a body whose progress can be seen: what fetch cannot do yet. */

import { Refused, wordsFor } from "../http.js";

/**
 * Send; resolves to the XMLHttpRequest of any answer, whatever its status. Rejects with Refused(0) if there was none,
 * and with AbortError if the signal stopped it.
 */
export function request(method, path, { headers = {}, body = null, signal, progress = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new DOMException("stopped", "AbortError"));
    if (signal?.aborted) {
      stopped();
      return;
    }
    const xhr = new XMLHttpRequest();
    xhr.open(method, path);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => progress(event.loaded);
    xhr.onload = () => resolve(xhr);
    xhr.onerror = () => reject(new Refused(0, wordsFor(0)));
    xhr.onabort = stopped;
    signal?.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(body);
  });
}

/** Return the number in a header, or null. */
export function numberIn(xhr, name) {
  const text = xhr.getResponseHeader(name);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
