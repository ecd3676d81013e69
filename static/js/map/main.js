/** The damage map's page: joins choice, map, list and the card of a place. */
import "ol/ol.css";
import "../lib/places.css";
import "./map.css";
import { get, getAll, post } from "../lib/api.js";
import { Toast } from "../lib/toast.js";
import { Detections } from "../lib/detections.js";
import { wordsFor } from "../lib/error-messages.js";
import { fillSelect } from "../lib/fill-select.js";
import { legendRows } from "../lib/legend.js";
import { showNotice } from "../lib/notice.js";
import { countWords, placeItems } from "../lib/place-list.js";
import { cancelQuestion, factsWords, isOnItsWay, runWords, shareDone, stateWords } from "../lib/prediction-run.js";
import { histogram, scoreWords } from "../lib/scores.js";
import { histogramBars } from "../lib/threshold-slider.js";
import { choiceFrom, finishedFirst, placesOf, runOf, searchOf } from "../lib/url-state.js";
import { DamageMap } from "./damage-map.js";
import { captionWords, comparable, mosaicAt } from "./mosaics.js";
import { PlaceCard } from "./place-card.js";
import { fillRequestForm, sendRequest } from "./request-form.js";
import { Swipe } from "./swipe.js";

const POLL_MS = 2_000;
const MOST_LISTED = 200;
const BARS = 40;

const element = (id) => document.getElementById(id);
const facts = JSON.parse(element("facts").textContent);
const language = document.documentElement.lang;
const toast = new Toast(element("toast"));
const map = new DamageMap(element("map"), {
  onSelect: select,
  onMove: (bounds_4326) => guarded(() => loadMore(bounds_4326)),
  labels: { zoomIn: gettext("Zoom in"), zoomOut: gettext("Zoom out") },
});
const swipe = new Swipe(map.map, element("swipe"), { left: map.otherTiles, right: map.tiles });
const card = new PlaceCard(element("place"), {
  onStep: (step) => goTo(neighbour(step)),
  onClose: close,
  onCopied: () => toast.show(gettext("Copied.")),
});

let runs = [];
let scenes = [];
let run = null;
let other = null;
let found = new Detections(null);
let minScore = 0;
let selected = null;
let polling = 0;
let loading = new AbortController();

// What is chosen

function remember({ isNew = false } = {}) {
  const min = minScore === run.threshold ? null : minScore;
  const choice = { event: run.event, town: run.town, run: run.id, min, with: other?.id, place: selected?.id };
  const address = location.pathname + searchOf(choice);
  if (isNew) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

function showChoices() {
  const events = placesOf(runs);
  const event = events.find((each) => each.id === run.event);
  const ofTown = finishedFirst(runs.filter((each) => each.town === run.town));
  fillSelect(element("event"), events.map(({ id, name }) => [id, name]), run.event);
  fillSelect(element("town"), event.towns.map(({ id, name }) => [id, name]), run.town);
  fillSelect(element("run"), ofTown.map((each) => [each.id, runWords(each, language)]), run.id);
  element("run-facts").textContent = factsWords(run, language);
}

/** Show a run; what is still loading of another one is dropped. */
async function choose(next, { min = null, with: otherId = other?.id, place = null, isNew = true } = {}) {
  clearTimeout(polling);
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  const isOtherScene = run?.scene !== next.scene;
  run = next;
  minScore = min ?? run.threshold;
  found = new Detections(run.id);
  element("state").hidden = true;
  select(null, { isRemembered: false });
  showChoices();
  showRunState();
  remember({ isNew });
  await showPictures(otherId, isOtherScene, signal);
  remember();
  await showFound(signal);
  const chosen = place === null ? null : await found.find(place, signal);
  if (!chosen) return;
  showPlaces();
  goTo(chosen);
}

const chooseFrom = (choice, options) => {
  const next = runOf(choice, runs);
  return next && choose(next, { ...choice, ...options });
};

// The run

function showRunState() {
  const words = stateWords(run, language);
  element("run-words").textContent = words;
  element("run-progress").hidden = run.status === "queued" || run.status === "done";
  element("run-progress").value = shareDone(run);
  element("run-state").hidden = !words;
  element("run-state").classList.toggle("error", run.status === "failed" || run.is_stalled);
  if (facts.mayPredict) {
    element("cancel").hidden = !run.can_cancel;
    element("continue").hidden = !run.can_continue;
  }
  if (isOnItsWay(run)) lookAgain(POLL_MS);
}

function lookAgain(afterMs) {
  clearTimeout(polling);
  polling = setTimeout(() => (document.hidden ? lookAgain(afterMs) : guarded(poll)), afterMs);
}

async function poll() {
  const { signal } = loading;
  let fresh;
  try {
    fresh = await get(`/api/v1/prediction-runs/${run.id}/`, {}, { signal });
  } catch (error) {
    if (signal.aborted) return;
    element("run-words").textContent = wordsFor(error); // stays until the next look, unlike a toast
    return lookAgain(5 * POLL_MS);
  }
  await showFresh(fresh);
}

/** Show the chosen run as the server has it now. */
async function showFresh(fresh) {
  runs = runs.map((each) => (each.id === fresh.id ? fresh : each));
  if (fresh.id !== run.id) return;
  if (fresh.status === "done") return void (await choose(fresh, { isNew: false }));
  const isChanged = fresh.status !== run.status;
  run = fresh;
  if (isChanged) showChoices();
  showRunState();
}

/** Cancel or continue the chosen run. */
async function change(action) {
  if (action === "cancel" && !confirm(cancelQuestion())) return;
  lookAgain(POLL_MS); // also when it is refused
  await showFresh(await post(`/api/v1/prediction-runs/${run.id}/${action}/`));
}

function showHeat() {
  const isShown = element("heat-shown").checked;
  element("heat").hidden = !run.heat_tiles;
  element("heat-opacity").disabled = !isShown;
  map.showHeat(isShown ? run.heat_tiles : null, element("heat-opacity").valueAsNumber);
}

async function showPictures(otherId, isOtherScene, signal) {
  if (isOtherScene || !scenes.length) {
    map.clear();
    scenes = await getAll("/api/v1/scenes/", { town: run.town, kind: "mosaic" }, { signal });
  }
  element("photo-link").hidden = !run.photo_url;
  element("photo-link").href = run.photo_url ?? "";
  if (run.scene_kind === "photo") return showCamera(isOtherScene, signal);
  const scene = scenes.find((each) => each.id === run.scene);
  const others = scene ? comparable(scenes, scene) : [];
  element("with-choice").hidden = others.length === 0;
  showOther(others.find((each) => each.id === otherId) ?? null);
  fillSelect(element("with"), [["", gettext("Nothing")], ...others.map((each) => [each.id, each.name])], other?.id ?? "");
  if (!scene) return showState(gettext("No orthomosaic"), gettext("This run's scene has no place on a map."));
  element("caption").textContent = captionWords(scene, language);
  map.showScene(scene);
  showHeat();
  if (isOtherScene) map.fit();
}

/** Of a photo, the map knows no more than where the camera was. */
async function showCamera(isOtherScene, signal) {
  element("with-choice").hidden = true;
  showOther(null);
  showHeat();
  const photo = await get(`/api/v1/scenes/${run.scene}/`, {}, { signal });
  element("caption").textContent = interpolate(gettext("%s: approximate place, the camera's position"), [photo.name]);
  if (photo.lon === null) {
    return showState(gettext("No place on the map"), gettext("This photo has no GPS position. Look at it in the photo viewer."));
  }
  const camera = [photo.lon, photo.lat];
  map.showCamera(camera, mosaicAt(scenes, camera));
  if (isOtherScene) map.fit();
}

function showOther(scene) {
  other = scene;
  map.showOther(scene);
  if (scene) swipe.open({ left: scene.name, right: run.scene_name });
  else swipe.close();
}

async function showFound(signal) {
  element("found").hidden = run.status !== "done";
  element("geojson").href = run.geojson_url ?? "";
  element("shapefile").href = run.shapefile_url ?? "";
  const loaded = run.status === "done" && found.load(signal, showPlaces);
  showPlaces();
  await loaded;
}

async function loadMore(bounds_4326) {
  if (found.isCut && !found.isLoading && (await found.loadWithin(bounds_4326, loading.signal))) showPlaces();
}

function showPlaces() {
  map.showDetections(found.features);
  showScores();
}

function showScores() {
  map.setMinScore(minScore);
  const shown = found.above(minScore);
  element("min-score").value = minScore;
  element("min-score-value").textContent = scoreWords(minScore);
  element("reset").hidden = minScore === run.threshold;
  element("bars").replaceChildren(...histogramBars(histogram(found.features, BARS), minScore));
  element("count").textContent = countWords(found, shown.length, MOST_LISTED, language);
  element("places").replaceChildren(...placeItems(shown.slice(0, MOST_LISTED), goTo));
  showSelected();
}

// One place

function select(detection, { isRemembered = true } = {}) {
  selected = detection;
  map.select(detection);
  showSelected();
  if (isRemembered && run) remember();
}

function showSelected() {
  for (const button of element("places").querySelectorAll("button")) {
    const isSelected = Number(button.dataset.id) === selected?.id;
    button.setAttribute("aria-current", isSelected);
    if (isSelected) button.scrollIntoView({ block: "nearest" });
  }
  if (selected) card.show(selected, { hasBefore: Boolean(neighbour(-1)), hasAfter: Boolean(neighbour(1)) });
  else card.hide();
}

/** The place before or after the chosen one, by score; a place under the slider has the lowest shown one before it. */
function neighbour(step) {
  const shown = found.above(minScore);
  const at = shown.findIndex((each) => each.id === selected?.id);
  if (at === -1) return step < 0 ? (shown.at(-1) ?? null) : null;
  return shown[at + step] ?? null;
}

function goTo(detection) {
  if (!detection) return;
  select(detection);
  map.flyTo(detection, card.coveredPx(element("map")));
}

function close() {
  const hadFocus = element("place").contains(document.activeElement);
  select(null);
  if (hadFocus) element("map").focus({ preventScroll: true });
}

// States and errors

const showState = (heading, words, onRetry = null) => showNotice(element("state"), heading, words, onRetry);

/** Run `work`; when it fails tell the person why, in passing or, with `isNeeded`, until it succeeds. */
async function guarded(work, { isNeeded = false } = {}) {
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    const words = wordsFor(error);
    if (isNeeded) showState(gettext("The map could not be loaded"), words, () => guarded(work, { isNeeded }));
    else toast.show(words, { kind: "error" });
  }
}

const needed = (work) => guarded(work, { isNeeded: true });

async function start() {
  element("state").hidden = true;
  runs = await getAll("/api/v1/prediction-runs/");
  element("all-runs").hidden = runs.length === 0;
  if (runs.length) return chooseFrom(choiceFrom(location.search), { isNew: false });
  const words = facts.mayPredict
    ? gettext("Train a model, then choose a mosaic and a model under “Predict another mosaic”, or use the predict command.")
    : gettext("An admin starts them; the map appears here when the first is done.");
  return showState(gettext("No predictions yet"), words);
}

function setMinScore(score) {
  minScore = score;
  showScores();
}

const on = (id, event, handle) => element(id).addEventListener(event, handle);
on("event", "change", ({ target }) => needed(() => chooseFrom({ event: Number(target.value) })));
on("town", "change", ({ target }) => needed(() => chooseFrom({ town: Number(target.value) })));
on("run", "change", ({ target }) => needed(() => chooseFrom({ run: Number(target.value) })));
on("with", "change", ({ target }) => {
  showOther(scenes.find((each) => each.id === Number(target.value)) ?? null);
  remember();
});
on("min-score", "input", ({ target }) => setMinScore(target.valueAsNumber));
on("min-score", "change", () => remember());
on("reset", "click", () => {
  setMinScore(run.threshold);
  remember();
});
on("heat-shown", "change", showHeat);
on("heat-opacity", "input", showHeat);
on("fit", "click", () => map.fit({ isAnimated: true }));
on("full-screen", "click", () => (document.fullscreenElement ? document.exitFullscreen() : element("map-area").requestFullscreen()));
element("full-screen").hidden = !document.fullscreenEnabled;
addEventListener("keydown", ({ key }) => key === "Escape" && card.isOpen && close());
addEventListener("popstate", () => needed(() => chooseFrom(choiceFrom(location.search), { isNew: false })));

element("legend").append(...legendRows());
needed(start);

if (facts.mayPredict) {
  for (const action of ["cancel", "continue"]) on(action, "click", () => guarded(() => change(action)));
  on("request-details", "toggle", () => guarded(() => fillRequestForm(element("request"), run?.scene)));
  on("request", "submit", (event) => {
    event.preventDefault();
    guarded(async () => {
      const added = await sendRequest(element("request"));
      runs = [added, ...runs];
      element("request-details").open = false;
      toast.show(gettext("Asked for. You can leave the page; the run goes on."));
      await choose(added);
    });
  });
}
