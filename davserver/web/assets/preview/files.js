/** The bytes of a file, as far as a preview takes them; and what kind of preview a file gets. */

import { Refused, send } from "../http.js";

/** @typedef {{name: string, size: number, type: string, href: string, etag?: string}} File */

/** What is read of a text, a table; a notebook is read whole or not at all. */
export const TEXT_BYTES = 256 << 10;
export const TABLE_BYTES = 1 << 20;
export const NOTEBOOK_BYTES = 16 << 20;
/** A larger image is shown when somebody asks for it: on a telephone it may cost money. */
export const IMAGE_BYTES = 32 << 20;

const BY_NAME = [
  [/\.ipynb$/i, "notebook"],
  [/\.(csv|tsv|tab)$/i, "table"],
  [/\.(avif|bmp|gif|ico|jpe?g|jfif|png|svg|webp)$/i, "image"],
  [/\.(aac|flac|m4a|mp3|oga|ogg|opus|wav)$/i, "audio"],
  [/\.(m4v|mkv|mov|mp4|ogv|webm)$/i, "video"],
  [/\.pdf$/i, "pdf"],
  [endings(`
    adoc asm awk bash bat bib c cc cfg cmake conf cpp cs css dart diff env ex f90 fish go gradle graphql
    h hpp hs htm html ini java jl js json jsonl jsx kt lisp log lua m md mjs ml nix patch php pl properties
    proto ps1 py r rb rs rst sass scala scss sh sql srt svelte swift tcl tex tf toml ts tsx txt vim vtt
    vue xhtml xml yaml yml zig
  `), "text"],
  [/^(changelog|containerfile|copying|dockerfile|gemfile|jenkinsfile|license|makefile|notice|readme)$/i, "text"],
  [/^\.(bashrc|editorconfig|gitattributes|gitignore|profile)$/i, "text"],
];
const BY_TYPE = [
  [/^image\/(avif|bmp|gif|jpeg|png|svg\+xml|webp|x-icon|vnd\.microsoft\.icon)\b/, "image"],
  [/^audio\//, "audio"],
  [/^video\//, "video"],
  [/^application\/pdf\b/, "pdf"],
  [/^text\/(csv|tab-separated-values)\b/, "table"],
  [/^text\/|^application\/(json|xml|yaml|javascript|toml)\b|\+(json|xml)\b/, "text"],
];

/** Make a pattern of the endings of names. */
function endings(text) {
  return new RegExp(`\\.(${text.trim().split(/\s+/).join("|")})$`, "i");
}

/**
 * Say how a file is shown: "image", "audio", "video", "pdf", "text", "table", "notebook", or "" for not at all.
 * The name is asked first: what was uploaded as "text/plain" may be a table.
 */
export function kindOf(name, type = "") {
  const found = BY_NAME.find(([pattern]) => pattern.test(name)) ?? BY_TYPE.find(([pattern]) => pattern.test(type));
  return found ? found[1] : "";
}

/**
 * Read the beginning of a file.
 * @param {File} file
 * @param {number} most
 * @param {AbortSignal} signal
 * @returns {Promise<Uint8Array>}
 */
export async function beginning(file, most, signal) {
  if (file.size === 0) return new Uint8Array();
  const headers = { Range: `bytes=0-${most - 1}` };
  const response = await send("GET", file.href, { headers, cache: "default", signal });
  if (response.status === 206) return new Uint8Array(await response.arrayBuffer());
  return taken(response, most);
}

/** Take no more than this of a response, whatever comes: who ignores a range may send a terabyte. */
async function taken(response, most) {
  const reader = response.body?.getReader();
  if (!reader) throw new Refused(0, "The file could not be read.");
  const bytes = new Uint8Array(most);
  let length = 0;
  while (length < most) {
    const { value, done } = await reader.read();
    if (done) break;
    const part = value.subarray(0, most - length);
    bytes.set(part, length);
    length += part.length;
  }
  await reader.cancel();
  return bytes.subarray(0, length);
}

/**
 * Read bytes as text: by their mark (BOM), as UTF-8 if they are that, else as Windows-1252, which any bytes are.
 * `null` for what is no text: it holds zero bytes.
 * @param {Uint8Array} bytes
 * @returns {{text: string, coding: string}|null}
 */
export function decoded(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return told(bytes, "utf-16le", "UTF-16");
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return told(bytes, "utf-16be", "UTF-16");
  if (bytes.includes(0)) return null;
  try {
    // "stream" forgives a character that is cut off at the end, where the file goes on.
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true }), coding: "UTF-8" };
  } catch {
    return told(bytes, "windows-1252", "Windows-1252");
  }
}

function told(bytes, label, coding) {
  return { text: new TextDecoder(label).decode(bytes), coding };
}
