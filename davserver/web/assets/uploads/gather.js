/** Files and folders out of what somebody dropped or chose: each with its path below the folder it goes to. */

/** @typedef {{file: File, path: string[]}} Gathered */

/** Read what was dropped; folders with all that is in them, empty ones too. */
export async function gatherDropped(transfer) {
  // The items are gone once the event is over: take all of them first.
  const roots = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  const folders = [];
  for (const root of roots) {
    if (root instanceof File) files.push({ file: root, path: [root.name] });
    else if (root) await walk(root, [], files, folders);
  }
  return { files, folders };
}

/** Read what was chosen with a field. */
export function gatherChosen(list) {
  const files = [...list].map((file) => ({
    file,
    path: (file.webkitRelativePath || file.name).split("/").filter(Boolean),
  }));
  return { files, folders: [] };
}

async function walk(entry, above, files, folders) {
  const path = [...above, entry.name];
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    files.push({ file, path });
    return;
  }
  folders.push(path);
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // 100 at a time
    if (!some.length) return;
    for (const each of some) await walk(each, path, files, folders);
  }
}
