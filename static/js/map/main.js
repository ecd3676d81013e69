/** The damage map's page: joins choice, run, mosaics and places. */
import "ol/ol.css";
import "../lib/places.css";
import "./map.css";
import { get, getAll } from "../lib/api.js";
import { fillSelect } from "../lib/fill-select.js";
import { offerFullScreen } from "../lib/full-screen.js";
import { guards } from "../lib/guards.js";
import { legendRows } from "../lib/legend.js";
import { showNotice } from "../lib/notice.js";
import { element, language, on, readFacts } from "../lib/page.js";
import { PlacesPanel } from "../lib/places-panel.js";
import { factsWords, runWords } from "../lib/prediction-run.js";
import { Toast } from "../lib/toast.js";
import { scoreWords } from "../lib/scores.js";
import { choiceFrom, finishedFirst, placesOf, runOf, searchOf } from "../lib/url-state.js";
import { DamageMap } from "./damage-map.js";
import { captionWords, comparable, mosaicAt } from "./mosaics.js";
import { PlaceCard } from "./place-card.js";
import { fillRequestForm, sendRequest } from "./request-form.js";
import { RunState } from "./run-state.js";
import { Swipe } from "./swipe.js";
import { ThresholdForm } from "./threshold-form.js";

const facts = readFacts();
const toast = new Toast(element("toast"));
const { guarded, needed } = guards({ toast, notice: element("state"), heading: gettext("The map could not be loaded") });
const map = new DamageMap(element("map"), {
  onSelect: (detection) => places.select(detection),
  onMove: (bounds_4326) => guarded(() => places.loadWithin(bounds_4326, loading.signal)),
});
const swipe = new Swipe(map.map, element("swipe"), { left: map.otherTiles, right: map.tiles });
const card = new PlaceCard(element("place"), {
  onStep: (step) => places.goTo(places.neighbour(step)),
  onClose: close,
  onCopied: () => toast.show(gettext("Copied.")),
});
const places = new PlacesPanel(element("found"), {
  map,
  language,
  wordsOf: ({ properties }) => properties.address || gettext("no address"),
  entry: (shown, step) => (step < 0 ? shown.at(-1) : null), // the lowest one shown is before a place under the slider
  coveredPx: () => card.coveredPx(element("map")),
  onShow: showCard,
  onChoice: remember,
});
const thresholdForm = facts.mayPredict ? new ThresholdForm(element("threshold"), { language }) : null;
const runState = new RunState(element("run-state"), { language, guarded, onFresh: showFresh });

let runs = [];
let scenes = [];
let run = null;
let other = null;
let loading = new AbortController();

// What is chosen

function remember({ isNew = false } = {}) {
  const choice = { event: run.event, town: run.town, with: other?.id, ...places.choice };
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
  runState.stop();
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  const isOtherScene = run?.scene !== next.scene;
  run = next;
  element("state").hidden = true;
  places.open(run, min);
  showChoices();
  runState.show(run, signal);
  remember({ isNew });
  await showPictures(otherId, isOtherScene, signal);
  remember();
  await places.load(signal);
  await places.goToId(place, signal);
}

const chooseFrom = (choice, options) => {
  const next = runOf(choice, runs);
  return next && choose(next, { ...choice, ...options });
};

/** Show the chosen run as the server has it now. */
async function showFresh(fresh) {
  runs = runs.map((each) => (each.id === fresh.id ? fresh : each));
  if (fresh.id !== run.id) return;
  if (fresh.status === "done") return void (await choose(fresh, { isNew: false }));
  const isChanged = fresh.status !== run.status;
  run = fresh;
  if (isChanged) showChoices();
  runState.show(run, loading.signal);
}

// The pictures

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

/** Of a photo, the map knows which ground it shows, or no more than where the camera was. */
async function showCamera(isOtherScene, signal) {
  element("with-choice").hidden = true;
  showOther(null);
  showHeat();
  const photo = await get(`/api/v1/scenes/${run.scene}/`, {}, { signal });
  const words = photo.footprint_4326
    ? gettext("%s: approximate place, on flat ground by the camera's direction")
    : gettext("%s: approximate place, the camera's position");
  element("caption").textContent = interpolate(words, [photo.name]);
  if (photo.lon === null) {
    return showState(gettext("No place on the map"), gettext("This photo has no GPS position. Look at it in the photo viewer."));
  }
  const camera = [photo.lon, photo.lat];
  map.showCamera(camera, mosaicAt(scenes, camera));
  if (photo.footprint_4326) map.showGround(photo);
  if (isOtherScene) map.fit();
}

function showOther(scene) {
  other = scene;
  map.showOther(scene);
  if (scene) swipe.open({ left: scene.name, right: run.scene_name });
  else swipe.close();
}

const showState = (heading, words) => showNotice(element("state"), heading, words);

// One place

function showCard() {
  if (!places.selected) return card.hide();
  card.show(places.selected, { hasBefore: Boolean(places.neighbour(-1)), hasAfter: Boolean(places.neighbour(1)) });
}

function close() {
  const hadFocus = element("place").contains(document.activeElement);
  places.select(null);
  if (hadFocus) element("map").focus({ preventScroll: true });
}

// What people do

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

async function request() {
  const added = await sendRequest(element("request"));
  runs = [added, ...runs];
  element("request-details").open = false;
  toast.show(gettext("Asked for. You can leave the page; the run goes on."));
  await choose(added);
}

/** Show the run as its new threshold lets it look. */
async function showThreshold(changed) {
  runs = runs.map((each) => (each.id === changed.id ? changed : each));
  element("threshold-details").open = false;
  const words = ngettext("The threshold is %(threshold)s: %(count)s place.", "The threshold is %(threshold)s: %(count)s places.", changed.detection_count);
  toast.show(interpolate(words, { threshold: scoreWords(changed.threshold), count: changed.detection_count }, true));
  if (changed.id === run.id) await choose(changed, { isNew: false });
}

for (const name of ["event", "town", "run"]) {
  on(name, "change", ({ target }) => needed(() => chooseFrom({ [name]: Number(target.value) })));
}
on("with", "change", ({ target }) => {
  showOther(scenes.find((each) => each.id === Number(target.value)) ?? null);
  remember();
});
on("heat-shown", "change", showHeat);
on("heat-opacity", "input", showHeat);
on("fit", "click", () => map.fit({ isAnimated: true }));
on("request-details", "toggle", () => guarded(() => fillRequestForm(element("request"), run?.scene)));
on("threshold-details", "toggle", () => thresholdForm.show(run, runs));
on("threshold", "submit", (event) => {
  event.preventDefault();
  guarded(async () => showThreshold(await thresholdForm.setByUndamaged()));
});
on("keep-score", "click", () => guarded(async () => showThreshold(await thresholdForm.setTo(places.minScore))));
on("request", "submit", (event) => {
  event.preventDefault();
  guarded(request);
});
addEventListener("keydown", ({ key }) => key === "Escape" && card.isOpen && close());
addEventListener("popstate", () => needed(() => chooseFrom(choiceFrom(location.search), { isNew: false })));

offerFullScreen(element("full-screen"), element("map-area"));
element("legend").append(...legendRows());
needed(start);
