/**
 * Requests to the server, and its refusals in words.
 */

/** A refusal: `status` as the server said it (0: it could not be reached), `message` for people. */
export class Refused extends Error {
  constructor(status, message, details = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

const WORDS = {
  0: "The server cannot be reached.",
  401: "You have to sign in for that.",
  403: "You may not do that.",
  404: "It is not there any more.",
  405: "Something of this name is there already.",
  409: "There is no folder for it: it is gone, or a file has its name.",
  412: "Somebody else has changed it meanwhile.",
  413: "It is larger than this server takes.",
  414: "The name is too long.",
  423: "It is locked: somebody is working on it.",
  429: "Too many attempts; try again in a while.",
  502: "The server behind the proxy cannot be reached.",
  503: "The server is busy; try again in a moment.",
  504: "The server took too long to answer.",
  507: "There is no room for it: the limit of this collection, of its owner or of the server is reached.",
};

/** Say a status in words. */
export function wordsFor(status) {
  return WORDS[status] ?? (status >= 500 ? "The server could not do that." : `The server refused it (${status}).`);
}

/**
 * Send a request; return the response. Throws Refused for any status that is no success.
 * @param {string} method
 * @param {string} path
 * @param {RequestInit} [options]
 */
export async function send(method, path, options = {}) {
  let response;
  try {
    response = await fetch(path, { method, cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, wordsFor(0));
  }
  if (response.ok) return response;
  throw await refusalOf(response);
}

/** Send a request whose answer is JSON. */
export async function json(method, path, value, options = {}) {
  const body =
    value === undefined ? {} : { body: JSON.stringify(value), headers: { "Content-Type": "application/json" } };
  return (await send(method, path, { ...body, ...options })).json();
}

async function refusalOf(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
  const details = isJson ? await response.json().catch(() => ({})) : {};
  return new Refused(response.status, wordsFor(response.status), details);
}
