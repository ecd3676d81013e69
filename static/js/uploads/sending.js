/** Sending one file by tus: in parts with checksums, going on where it stopped. */
import { Upload } from "tus-js-client";
import { ApiError, cookie, Offline } from "../lib/api.js";

export const UPLOADS = "/api/v1/uploads/";
const PART_BYTES = 4 * 1024 * 1024;
const DAMAGED = 460;
// What passes by itself is tried again for some hours, ever more patiently.
const RETRIES_MS = [0, 1000, 3000, 10_000, ...Array(480).fill(30_000)];
const OF_THIS_FILE = [400, 413, 415];

/** What the server is told of a file before it is sent. */
function metadataOf({ file, name, event, town, role, taken, problems }) {
  const said = { filename: name, event, town, modified: String(file.lastModified), role };
  return { ...said, ...(taken && { taken }), ...(problems && { leave_out: problems }) };
}

/** Begin to send, or go on; gives how to stop. `onWaiting` is told why it does not get on for a while. */
export function sendFile(item, { onProgress, onSent, onRefused, onBarred, onWaiting, words }) {
  const upload = new Upload(item.file, {
    endpoint: UPLOADS,
    uploadUrl: item.id ? `${UPLOADS}${item.id}/` : null,
    chunkSize: PART_BYTES,
    retryDelays: RETRIES_MS,
    storeFingerprintForResuming: false, // the server knows which of our files it has in part
    metadata: metadataOf(item),
    onBeforeRequest: (request) => prepare(request, item.file),
    onUploadUrlAvailable: () => {
      item.id = upload.url.split("/").filter(Boolean).at(-1);
    },
    onProgress: (sent) => onProgress(sent),
    onSuccess: () => onSent(),
    onShouldRetry: (error) => {
      const told = toldBy(error);
      const isPassing = told instanceof Offline || isPassingError(told);
      if (isPassing) onWaiting(words(told));
      return isPassing;
    },
    onError: (error) => {
      const told = toldBy(error);
      if (told instanceof ApiError && OF_THIS_FILE.includes(told.status)) onRefused(words(told));
      else onBarred(words(told));
    },
  });
  upload.start();
  return () => upload.abort();
}

/** Whether the same may succeed later by itself; a disk without room for the file (507) does not get larger. */
function isPassingError(error) {
  return error.status !== 507 && (error.isPassing || [409, 423, DAMAGED].includes(error.status));
}

async function prepare(request, file) {
  request.setHeader("X-CSRFToken", cookie("csrftoken"));
  request.setHeader("Accept", "application/json");
  const offset = request.getHeader("Upload-Offset");
  // Browsers have no digests on pages without https; then TCP's checksums and the decoder have to do.
  if (request.getMethod() !== "PATCH" || offset === undefined || !globalThis.crypto?.subtle) return;
  const part = file.slice(Number(offset), Number(offset) + PART_BYTES);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await part.arrayBuffer()));
  request.setHeader("Upload-Checksum", `sha256 ${btoa(String.fromCharCode(...digest))}`);
}

/** What an error of tus-js-client is to the rest of the site: the server's own words, or that there was no answer. */
function toldBy(error) {
  const response = error.originalResponse;
  if (!response) return new Offline(error);
  let body = null;
  try {
    body = JSON.parse(response.getBody());
  } catch {
    // an error page of something before the site
  }
  return new ApiError(response.getStatus(), body);
}

/** Have the server forget an upload. Raises ApiError or Offline. */
export async function terminate(id) {
  const headers = { "X-CSRFToken": cookie("csrftoken"), Accept: "application/json" };
  try {
    await Upload.terminate(`${UPLOADS}${id}/`, { headers, retryDelays: [1000, 3000] });
  } catch (error) {
    const told = toldBy(error);
    if (told.status !== 404) throw told;
  }
}
