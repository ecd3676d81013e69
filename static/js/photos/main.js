/** The photo viewer's page: joins the photo, the boxes in it, their list and the slider. */
import "ol/ol.css";
import "../lib/places.css";
import "./photos.css";
import { get } from "../lib/api.js";
import { Toast } from "../lib/toast.js";
import { coordinateWords } from "../lib/coordinates.js";
import { Detections } from "../lib/detections.js";
import { wordsFor } from "../lib/error-messages.js";
import { legendRows } from "../lib/legend.js";
import { showNotice } from "../lib/notice.js";
import { countWords } from "../lib/place-list.js";
import { factsWords, isOnItsWay, stateWords } from "../lib/prediction-run.js";
import { histogram, scoreWords } from "../lib/scores.js";
import { histogramBars } from "../lib/threshold-slider.js";
import { choiceFrom, searchOf } from "../lib/url-state.js";
import { boxItems, stepWords } from "./boxes.js";
import { PhotoMap } from "./photo-map.js";

const POLL_MS = 2_000;
const MOST_LISTED = 200;
const BARS = 40;

const element = (id) => document.getElementById(id);
const facts = JSON.parse(element("facts").textContent);
const language = document.documentElement.lang;
const toast = new Toast(element("toast"));

let map = null;
let run = null;
let found = null;
let minScore = 0;
let selected = null;

function remember() {
  const min = minScore === run.threshold ? null : minScore;
  history.replaceState(null, "", location.pathname + searchOf({ run: run.id, min, place: selected?.id }));
}

// What was found

function showScores() {
  map.setMinScore(minScore);
  const shown = found.above(minScore);
  element("min-score").value = minScore;
  element("min-score-value").textContent = scoreWords(minScore);
  element("reset").hidden = minScore === run.threshold;
  element("bars").replaceChildren(...histogramBars(histogram(found.features, BARS), minScore));
  element("count").textContent = countWords(found, shown.length, MOST_LISTED, language);
  element("places").replaceChildren(...boxItems(shown.slice(0, MOST_LISTED), goTo));
  showSelected();
}

function showPlaces() {
  map.showDetections(found.features);
  const address = found.features[0]?.properties.address;
  if (element("address")) element("address").textContent = address ?? "";
  showScores();
}

function setMinScore(score) {
  minScore = score;
  showScores();
}

// One box

function select(detection) {
  selected = detection;
  map.select(detection);
  showSelected();
  if (run) remember();
}

function showSelected() {
  for (const button of element("places").querySelectorAll("button")) {
    const isSelected = Number(button.dataset.id) === selected?.id;
    button.setAttribute("aria-current", isSelected);
    if (isSelected) button.scrollIntoView({ block: "nearest" });
  }
  const shown = found?.above(minScore) ?? [];
  element("steps").hidden = shown.length === 0;
  element("place-words").textContent = stepWords(shown, selected);
  element("place-before").disabled = !neighbour(-1);
  element("place-after").disabled = !neighbour(1);
}

/** The box before or after the chosen one, by score; without a chosen one, the best comes next. */
function neighbour(step) {
  const shown = found?.above(minScore) ?? [];
  const at = shown.findIndex((each) => each.id === selected?.id);
  return (at === -1 ? step > 0 && shown[0] : shown[at + step]) || null;
}

function goTo(detection) {
  if (!detection) return;
  select(detection);
  map.flyTo(detection);
}

function showWhole() {
  select(null);
  map.fit({ isAnimated: true });
}

// The run

async function showRun() {
  run = await get(`/api/v1/prediction-runs/${facts.run}/`);
  const words = stateWords(run, language);
  element("run-facts").textContent = factsWords(run, language);
  element("run-state").textContent = words;
  element("run-state").hidden = !words;
  element("run-state").classList.toggle("error", run.status === "failed" || run.is_stalled);
  if (isOnItsWay(run)) return void setTimeout(() => guarded(showRun), POLL_MS);
  if (run.status === "done") await showFound(choiceFrom(location.search));
}

async function showFound({ min, place }) {
  minScore = min ?? run.threshold;
  found = new Detections(run.id);
  element("found").hidden = false;
  element("geojson").href = run.geojson_url;
  element("shapefile").href = run.shapefile_url;
  await found.load(undefined, showPlaces);
  const chosen = place === null ? null : await found.find(place);
  if (chosen) goTo(chosen);
}

// States and errors

/** Run `work`; when it fails tell the person why, in passing or, with `isNeeded`, until it succeeds. */
async function guarded(work, { isNeeded = false } = {}) {
  try {
    await work();
  } catch (error) {
    const words = wordsFor(error);
    if (!isNeeded) return void toast.show(words, { kind: "error" });
    const again = () => needed(work);
    showNotice(element("state"), gettext("The photo could not be loaded"), words, again);
  }
}

const needed = (work) => guarded(work, { isNeeded: true });

async function start() {
  element("state").hidden = true;
  const scene = await get(`/api/v1/scenes/${facts.scene}/`);
  map ??= new PhotoMap(element("photo"), {
    scene,
    onSelect: select,
    labels: { zoomIn: gettext("Zoom in"), zoomOut: gettext("Zoom out") },
  });
  map.fit();
  if (scene.lon !== null) element("coordinates").textContent = coordinateWords([scene.lon, scene.lat]);
  if (facts.run !== null) return showRun();
  const words = gettext("No model has looked through this photo yet. An admin does that with the predict command.");
  return showNotice(element("state"), gettext("No predictions yet"), words);
}

async function copyCoordinates() {
  try {
    await navigator.clipboard.writeText(element("coordinates").textContent);
    toast.show(gettext("Copied."));
  } catch {
    getSelection().selectAllChildren(element("coordinates")); // no clipboard without HTTPS: mark them instead
  }
}

const KEYS = {
  n: () => goTo(neighbour(1)),
  b: () => goTo(neighbour(-1)),
  N: () => element("photo-after")?.click(),
  B: () => element("photo-before")?.click(),
  Escape: showWhole,
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select") || !map) return;
  KEYS[event.key]?.();
});

const on = (id, event, handle) => element(id)?.addEventListener(event, handle);
on("min-score", "input", ({ target }) => setMinScore(target.valueAsNumber));
on("min-score", "change", remember);
on("reset", "click", () => {
  setMinScore(run.threshold);
  remember();
});
on("place-before", "click", () => goTo(neighbour(-1)));
on("place-after", "click", () => goTo(neighbour(1)));
on("fit", "click", () => map?.fit({ isAnimated: true }));
on("full-screen", "click", () => (document.fullscreenElement ? document.exitFullscreen() : element("map-area").requestFullscreen()));
on("run", "change", ({ target }) => location.assign(`${location.pathname}?run=${target.value}`));
on("coordinates", "click", copyCoordinates);
element("full-screen").hidden = !document.fullscreenEnabled;

element("legend").append(...legendRows());
needed(start);
