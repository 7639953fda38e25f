/**
 * Uploads that have begun, across a reload of the page: where each one goes on.
 *
 * A browser forgets the file, so it has to be chosen again; name, size and time tell that it is the same. The server
 * keeps an upload for a day.
 */

const KEY = "davserver.uploads";
const KEPT_MS = 24 * 3600 * 1000;

/** Return what is remembered: `{url, segments, size, modified, begun}`. */
export function remembered() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return all.filter((each) => Date.now() - each.begun < KEPT_MS);
  } catch {
    return []; // storage is forbidden, or holds something else: then nothing is remembered
  }
}

/** Return the upload of the same file to the same place, if one has begun. */
export function recall(segments, file) {
  const wanted = mark(segments, file.size, file.lastModified);
  return remembered().find((each) => mark(each.segments, each.size, each.modified) === wanted);
}

/** Return what tells one upload from another. */
export const mark = (segments, size, modified) => JSON.stringify([segments, size, modified]);

export function remember(url, segments, file, condition) {
  write([
    ...remembered().filter((each) => each.url !== url),
    {
      url,
      segments,
      size: file.size,
      modified: file.lastModified,
      condition,
      begun: Date.now(),
    },
  ]);
}

export function forget(url) {
  write(remembered().filter((each) => each.url !== url));
}

function write(all) {
  try {
    localStorage.setItem(KEY, JSON.stringify(all));
  } catch {
    // Then an upload lasts as long as its page.
  }
}
