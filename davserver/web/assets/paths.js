/** Names and addresses. A name is any text without a slash; here alone it becomes part of an address. */

/** Percent-encode one name; throws URIError for one that is no Unicode (the server then tells its address). */
export function encodeName(name) {
  return encodeURIComponent(name).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Write the address of a file, or of a folder: with a slash at its end. */
export function hrefOf(prefix, segments, isFolder) {
  const path = segments.map(encodeName).join("/");
  if (!path) return `${prefix}/`;
  return `${prefix}/${path}${isFolder ? "/" : ""}`;
}

/** Read the names of an address of ours; null if it is none. */
export function segmentsOf(prefix, pathname) {
  if (!pathname.startsWith(`${prefix}/`)) return null;
  try {
    return pathname
      .slice(prefix.length + 1)
      .split("/")
      .filter((part) => part && part !== ".")
      .map(decodeURIComponent);
  } catch {
    return null;
  }
}

/** Return the name for a second file beside one of this name: "a (2).txt", then "a (3).txt". */
export function beside(name) {
  const match = /^(.+?)(?: \((\d+)\))?(\.[^.]{1,16})?$/su.exec(name);
  if (!match) return `${name} (2)`;
  return `${match[1]} (${match[2] ? Number(match[2]) + 1 : 2})${match[3] ?? ""}`;
}

/** Say why something cannot be a name; "" if it can. */
export function complaint(name) {
  if (!name.trim()) return "A name is needed.";
  if (name === "." || name === "..") return "“.” and “..” mean folders already.";
  if (name.includes("/")) return "A name has no slash in it.";
  return "";
}
