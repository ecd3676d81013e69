/** The page to send imagery: choose, send, pause, and see what became of each file. */
import "./uploads.css";
import { get, getAll } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { element, on, readFacts } from "../lib/page.js";
import { poll } from "../lib/poll.js";
import { showNotice } from "../lib/notice.js";
import { Toast } from "../lib/toast.js";
import { droppedFiles, keyOf, sorted, tidy } from "./choosing.js";
import { Queue, STATES } from "./queue.js";
import { rowFor, sizeWords, stateWords } from "./row.js";
import { sendFile, terminate, UPLOADS } from "./sending.js";

const MOST_ROWS = 200;
const DRAW_MS = 200;
const facts = readFacts();
const toast = new Toast(element("toast"));
const rows = new Map();
let shown = "all";
let since = "";
let drawing = 0;

const queue = new Queue({
  changed: drawSoon,
  send: (item, told) =>
    sendFile(item, {
      ...told,
      words: wordsFor,
      onWaiting: (words) => {
        item.reason = words;
        drawSoon();
      },
      onProgress: (sent) => {
        item.reason = "";
        told.onProgress(sent);
      },
      onBarred: (words) => {
        told.onBarred(words);
        showNotice(element("notice"), gettext("Sending is paused"), words);
      },
    }),
});

function place() {
  return { event: tidy(element("event").value), town: tidy(element("town").value) };
}

function choose(files) {
  if (!files.length || !element("place").reportValidity()) return;
  const { event, town } = place();
  const { images, raw, unread, others } = sorted(files, facts.suffixes);
  const key = (file) => keyOf({ event, town, name: file.name, size: file.size, modified: file.lastModified });
  const problems = [...element("leave-out").querySelectorAll(":checked")].map((box) => box.value).join(",");
  const said = { role: element("role").value, taken: element("taken").value, problems };
  const about = (file) => ({ file, event, town, place: town, name: file.name, size: file.size, ...said });
  const taken = images.filter((file) => queue.choose(key(file), about(file))).length;
  const leaveOut = (some, reason) => {
    for (const file of some) queue.show(key(file), { ...about(file), file: null, state: "left_out", reason });
  };
  leaveOut(raw, gettext("It is a raw photo; the JPEG that the camera wrote beside it comes in."));
  leaveOut(unread, gettext("This format is not read. If it is a photo, convert it to JPEG."));
  tellChosen(taken, images.length - taken, others);
  element("pick-files").value = element("pick-folder").value = "";
}

function tellChosen(taken, known, others) {
  const words = [interpolate(ngettext("%s file will be sent.", "%s files will be sent.", taken), [taken])];
  if (known) words.push(interpolate(ngettext("%s is on the list already.", "%s are on the list already.", known), [known]));
  const count = [...others.values()].reduce((total, each) => total + each, 0);
  const suffixes = [...others.keys()].filter(Boolean).join(", ");
  if (count) words.push(interpolate(ngettext("%(count)s other file is no image (%(suffixes)s).", "%(count)s other files are no images (%(suffixes)s).", count), { count, suffixes: suffixes || "?" }, true));
  element("chosen").textContent = words.join(" ");
}

function drawSoon() {
  drawing ||= setTimeout(() => {
    drawing = 0;
    draw();
  }, DRAW_MS);
}

function draw() {
  const counts = queue.counts();
  drawFilters(counts);
  const { there, all } = queue.progress();
  element("overall").hidden = !queue.items.length;
  element("overall-bar").value = all ? there / all : 0;
  element("overall-words").textContent = interpolate(gettext("%(there)s of %(all)s sent"), { there: sizeWords(there), all: sizeWords(all) }, true);
  const canGoOn = queue.isPaused || queue.items.some((item) => item.state === "paused" && item.file);
  element("pause").textContent = canGoOn ? gettext("Go on") : gettext("Pause");
  element("pause").disabled = !canGoOn && !counts.sending && !counts.waiting;
  drawRows(queue.items.filter((item) => shown === "all" || item.state === shown));
}

function drawFilters(counts) {
  for (const button of element("filters").children) {
    const { state } = button.dataset;
    const count = state === "all" ? queue.items.length : counts[state];
    button.hidden = !count && state !== shown;
    button.setAttribute("aria-pressed", String(state === shown));
    button.textContent = `${state === "all" ? gettext("All") : stateWords(state)} ${count}`;
  }
}

function drawRows(items) {
  const first = items.sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state)).slice(0, MOST_ROWS);
  const elements = first.map((item) => {
    if (!rows.has(item)) rows.set(item, rowFor(item, { onRemove: remove }));
    rows.get(item).update();
    return rows.get(item).row;
  });
  const list = element("list");
  if (elements.length !== list.children.length || elements.some((each, index) => each !== list.children[index])) {
    const focused = document.activeElement;
    list.replaceChildren(...elements);
    if (focused?.isConnected && focused !== document.activeElement) focused.focus();
  }
  const more = items.length - first.length;
  element("more").hidden = !more;
  element("more").textContent = interpolate(ngettext("and %s more", "and %s more", more), [more]);
}

async function remove(item) {
  const { id } = item;
  queue.remove(item);
  rows.delete(item);
  try {
    if (id) await terminate(id);
  } catch (error) {
    toast.showError(error);
  }
}

/** Learn what the server knows: all of it at first, then what changed. */
async function look(fetch) {
  for (const row of await fetch()) {
    queue.learn(keyOf({ event: row.event_name, town: row.town_name, name: row.file_name, size: row.size_bytes, modified: row.modified_ms }), row);
    if (!since || Date.parse(row.updated_at) > Date.parse(since)) since = row.updated_at;
  }
  drawSoon();
}

async function suggest() {
  const [events, towns] = await Promise.all([getAll("/api/v1/events/"), getAll("/api/v1/towns/")]);
  const fill = (id, names) => element(id).replaceChildren(...[...new Set(names)].map((name) => new Option(name, name)));
  fill("events", events.map((event) => event.name));
  const offer = () => fill("towns", towns.filter((town) => town.event_name === place().event).map((town) => town.name));
  on("event", "input", offer);
  offer();
}

function listen() {
  for (const id of ["pick-files", "pick-folder"]) on(id, "change", (event) => choose([...event.target.files]));
  on("choose-files", "click", () => element("pick-files").click());
  on("choose-folder", "click", () => element("pick-folder").click());
  element("choose-folder").hidden = !("webkitdirectory" in element("pick-folder")) || matchMedia("(pointer: coarse)").matches;
  on("pause", "click", () => {
    element("notice").hidden = true;
    if (element("pause").textContent === gettext("Pause")) queue.pause();
    else queue.resume();
  });
  on("filters", "click", (event) => {
    shown = event.target.closest("button")?.dataset.state ?? shown;
    draw();
  });
  on("place", "submit", (event) => event.preventDefault());
  const zone = element("drop");
  zone.addEventListener("dragover", (event) => event.preventDefault());
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    choose(await droppedFiles(event.dataTransfer.items));
  });
  window.addEventListener("beforeunload", (event) => {
    const counts = queue.counts();
    if (counts.sending || counts.waiting) event.preventDefault();
  });
}

for (const state of ["all", ...STATES]) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button small" });
  button.dataset.state = state;
  element("filters").append(button);
}
async function start() {
  listen();
  suggest().catch((error) => toast.showError(error));
  try {
    await look(() => getAll(UPLOADS));
  } catch (error) {
    showNotice(element("notice"), gettext("The list did not load"), wordsFor(error));
  }
  await poll(
    async () => {
      const { checking, sending } = queue.counts();
      if (checking || sending) await look(async () => (await get(UPLOADS, { changed_since: since, page_size: 1000 })).results);
    },
    { everyMs: 2000, afterErrorMs: 10_000, onError: (error) => toast.showError(error) },
  );
}

start();
