/** What kind of thing an entry is: its icon, and its name in words. */

const BY_TYPE = [
  [/^image\//, "image", "Image"],
  [/^audio\//, "audio", "Sound"],
  [/^video\//, "video", "Film"],
  [/^application\/pdf/, "pdf", "PDF document"],
  [/zip|tar|gzip|bzip|xz|7z|rar|zstd/, "archive", "Archive"],
  [/spreadsheet|csv|tab-separated|excel/, "table", "Table"],
  [/javascript|json|xml|x-python|x-sh|x-c|html|css|yaml|toml|sql/, "code", "Code"],
  [/^text\/|wordprocessing|msword|opendocument\.text|rtf/, "text", "Text"],
];
const CODE = /\.(c|cc|cpp|css|go|h|html|ipynb|java|js|json|py|rb|rs|sh|sql|toml|ts|xml|ya?ml)$/i;

/** Return the icon of an entry. */
export function iconOf(entry, listing) {
  return kindOf(entry, listing)[0];
}

/** Return the icon and the words for an entry. */
export function kindOf(entry, listing) {
  if (entry.folder) return folderKind(entry, listing);
  if (CODE.test(entry.name)) return ["code", "Code"];
  const found = BY_TYPE.find(([pattern]) => pattern.test(entry.type ?? ""));
  return found ? [found[1], found[2]] : ["file", "File"];
}

function folderKind(entry, listing) {
  if (listing?.isRoot && !entry.where) return ["collection", "Collection"];
  if (listing?.kind === "space") return ["history", "Version"];
  return ["folder", "Folder"];
}
