/** Which of the chosen files are sent, and which are left out and why. */

/** How a file is known again when it is chosen once more, also on another day; `name` as the server keeps it. */
export function keyOf({ event, town, name, size, modified }) {
  return [tidy(event), tidy(town), name.normalize("NFC"), size, modified].join("\n");
}

/** A name with single spaces and composed letters. */
export function tidy(name) {
  return name.normalize("NFC").trim().split(/\s+/).join(" ");
}

function suffixOf(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot).toLowerCase() : "";
}

/**
 * Sort chosen files: `images` are sent; `raw` and `unread` are photos that do not come in, and are named; `others` counts
 * the rest of a camera's card (films, logs) by suffix. Hidden files, as macOS writes beside each photo, are passed over.
 */
export function sorted(files, { photo, raw, other }) {
  const result = { images: [], raw: [], unread: [], others: new Map() };
  for (const file of files) {
    const path = (file.webkitRelativePath || file.name).split("/");
    if (path.some((part) => part.startsWith("."))) continue;
    const suffix = suffixOf(file.name);
    if (photo.includes(suffix)) result.images.push(file);
    else if (raw.includes(suffix)) result.raw.push(file);
    else if (other.includes(suffix)) result.unread.push(file);
    else result.others.set(suffix, (result.others.get(suffix) ?? 0) + 1);
  }
  return result;
}

/** All files of what was dropped, those of folders too. */
export async function droppedFiles(items) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!some.length) return found;
    for (const each of some) found.push(...(await filesOf(each)));
  }
}
