/**
 * Send one file: a short one by PUT, a long one by a resumable upload (docs/uploads.md).
 *
 * Nothing is written over unseen: a file is made only where none is (If-None-Match: *), or in the place of the one
 * that the question named (If-Match). After a break of the line the server is asked how far it came; a PUT whose
 * answer was lost is told from a stranger's file by its digest.
 */

import { Refused, wordsFor } from "../http.js";
import { hrefOf } from "../paths.js";
import { forget, recall, remember } from "./memory.js";
import { numberIn, request } from "./request.js";

const SHORT_BYTES = 8 << 20;
const PIECE_BYTES = 64 << 20; // a block of the store
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15000];
const NEVER = Symbol("never");

/** A file of this name is there: whoever uploads has to say what shall be. */
export class Conflict extends Error {}

/**
 * Send a file; resolves when it is stored. Throws Conflict, Refused, AbortError.
 * @param {{prefix: string, segments: string[], file: File, condition: {etag?: string}, signal: AbortSignal,
 *   progress: (sent: number) => void, waiting: (isWaiting: boolean) => void}} job
 */
export async function sendFile(job) {
  const send = job.file.size <= SHORT_BYTES ? sendWhole : sendInPieces;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await send(job, attempt);
      return;
    } catch (error) {
      if (!isPassing(error)) throw error;
      await hold(job);
      job.waiting(true);
      await pause(WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)], job.signal);
      job.waiting(false);
    }
  }
}

/**
 * Hold that the file is still the one that was chosen. A browser tells of one that has changed as of a line that broke
 * (no answer), and only reading tells the two apart; what was sent of it is half of a file that there is no more.
 */
async function hold({ segments, file }) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (error) {
    const url = recall(segments, file)?.url;
    if (url) await abandon(url);
    throw error;
  }
}

/** Whether trying again may help: no answer, or one that says so. */
function isPassing(error) {
  return error instanceof Refused && [0, 502, 503, 504].includes(error.status);
}

async function sendWhole({ prefix, segments, file, condition, signal, progress }, attempt) {
  const path = hrefOf(prefix, segments, false);
  const answer = await request("PUT", path, { headers: headersFor(file, condition), body: file, signal, progress });
  if (answer.status === 412 && attempt > 0 && (await isSame(path, file))) return;
  check(answer);
}

async function sendInPieces(job) {
  const { segments, file, signal, progress } = job;
  const known = recall(segments, file);
  const url = known?.url ?? (await begin(job));
  let offset = known ? await offsetOf(url, signal) : 0;
  if (offset === NEVER) {
    forget(url);
    return sendInPieces(job);
  }
  for (;;) {
    progress(offset);
    const end = Math.min(offset + PIECE_BYTES, file.size);
    const isLast = end === file.size;
    const headers = {
      "Content-Type": "application/partial-upload",
      "Upload-Offset": offset,
      "Upload-Complete": isLast ? "?1" : "?0",
    };
    const start = offset;
    const answer = await request("PATCH", url, {
      headers,
      body: file.slice(offset, end),
      signal,
      progress: (sent) => progress(start + sent),
    });
    if (answer.status === 409) offset = numberIn(answer, "Upload-Offset") ?? 0;
    else if (answer.status < 300) offset = end;
    else await giveUp(answer, url);
    if (answer.status < 300 && isLast) break;
  }
  forget(url);
}

/** Begin an upload; what it is for is decided now, and refused now if it would be in the end. */
async function begin({ prefix, segments, file, condition, signal }) {
  const headers = { ...headersFor(file, condition), "Upload-Complete": "?0", "Upload-Length": file.size };
  const answer = await request("PUT", hrefOf(prefix, segments, false), { headers, body: new Blob([]), signal });
  check(answer);
  const url = answer.getResponseHeader("Location");
  remember(url, segments, file, condition);
  return url;
}

/** Return how much of an upload is stored; NEVER if there is none of this name any more. */
async function offsetOf(url, signal) {
  const answer = await request("HEAD", url, { signal });
  if (answer.status === 404) return NEVER;
  check(answer);
  return numberIn(answer, "Upload-Offset") ?? 0;
}

/** An upload that cannot be finished as it was begun is begun anew, if at all. */
async function giveUp(answer, url) {
  if ([404, 412, 413].includes(answer.status)) await abandon(url);
  if (answer.status === 404) throw new Refused(503, wordsFor(503));
  check(answer);
}

async function abandon(url) {
  forget(url);
  await request("DELETE", url).catch(() => {}); // the server drops it after a day in any case
}

function headersFor(file, condition) {
  const headers = condition.etag ? { "If-Match": `"${condition.etag}"` } : { "If-None-Match": "*" };
  if (file.type) headers["Content-Type"] = file.type;
  if (file.lastModified > 0) headers["X-OC-Mtime"] = file.lastModified / 1000;
  return headers;
}

function check(answer) {
  if (answer.status < 300) return;
  if (answer.status === 412) throw new Conflict();
  throw new Refused(answer.status, answer.status === 405 ? "A folder of this name is there." : wordsFor(answer.status));
}

/** Tell whether the file of the server is this one: its digest says so. Without one, nobody knows. */
async function isSame(path, file) {
  if (!globalThis.crypto?.subtle) return false;
  const response = await fetch(path, {
    method: "HEAD",
    cache: "no-store",
    headers: { "Want-Repr-Digest": "sha-256=10" },
  });
  const told = /sha-256=:([^:]+):/.exec(response.headers.get("Repr-Digest") ?? "");
  if (!told || Number(response.headers.get("Content-Length")) !== file.size) return false;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return told[1] === btoa(String.fromCharCode(...digest));
}

/** Wait, but no longer than until the network is back. */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DOMException("stopped", "AbortError"));
    const timer = setTimeout(resolve, ms);
    addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
    signal.addEventListener("abort", () => (clearTimeout(timer), stop()), { once: true });
  });
}
