/** The damage map's page: joins choice, map, list and popup. */
import "ol/ol.css";
import "./map.css";
import { get, getAll, post } from "../lib/api.js";
import { Toast } from "../lib/toast.js";
import { wordsFor } from "../lib/words.js";
import { bestRun, choiceFrom, placesOf, searchOf } from "./choice.js";
import { fillSelect, placeItems, runWords, stateWords } from "./controls.js";
import { DamageMap } from "./damage-map.js";
import { Detections } from "./detections.js";
import { coordinateWords, scoreWords, sideM, stepOf, STEPS } from "./scores.js";

const POLL_MS = 2_000;
const MOST_LISTED = 200;

const element = (id) => document.getElementById(id);
const facts = JSON.parse(element("facts").textContent);
const language = document.documentElement.lang;
const toast = new Toast(element("toast"));
const map = new DamageMap(element("map"), {
  onSelect: select,
  labels: { zoomIn: gettext("Zoom in"), zoomOut: gettext("Zoom out") },
});

let runs = [];
let scenes = [];
let run = null;
let found = new Detections([]);
let minScore = 0;
let selected = null;
let polling = null;

// What is chosen

const runsOfTown = (town) => runs.filter((each) => each.town === town);

function remember(push) {
  const choice = { event: run.event, town: run.town, run: run.id, min: minScore === run.threshold ? null : minScore };
  const address = location.pathname + searchOf(choice);
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

function runFrom(choice) {
  const ofTown = choice.town === null ? runs : runsOfTown(choice.town);
  const ofEvent = choice.event === null ? runs : runs.filter((each) => each.event === choice.event);
  return runs.find((each) => each.id === choice.run) ?? bestRun(ofTown) ?? bestRun(ofEvent) ?? bestRun(runs);
}

function showChoices() {
  const events = placesOf(runs);
  const event = events.find((each) => each.id === run.event);
  fillSelect(element("event"), events.map(({ id, name }) => [id, name]), run.event);
  fillSelect(element("town"), event.towns.map(({ id, name }) => [id, name]), run.town);
  fillSelect(element("run"), runsOfTown(run.town).map((each) => [each.id, runWords(each, language)]), run.id);
}

async function choose(next, { min = null, push = true } = {}) {
  clearTimeout(polling);
  run = next;
  minScore = min ?? run.threshold;
  select(null);
  showChoices();
  showRunState();
  remember(push);
  await showPictures();
  await showFound();
}

// The run

function showRunState() {
  const words = stateWords(run);
  element("run-state").textContent = words;
  element("run-state").hidden = !words;
  element("run-state").classList.toggle("error", run.status === "failed");
  if (run.status === "queued" || run.status === "running") polling = setTimeout(() => guarded(poll), POLL_MS);
}

async function poll() {
  const fresh = await get(`/api/v1/prediction-runs/${run.id}/`);
  runs = runs.map((each) => (each.id === fresh.id ? fresh : each));
  if (fresh.status === "done") return choose(fresh, { push: false });
  run = fresh;
  return showRunState();
}

async function showPictures() {
  scenes = await getAll("/api/v1/scenes/", { town: run.town, kind: "mosaic" });
  fillSelect(element("picture"), scenes.map((scene) => [scene.id, scene.name]), run.scene);
  element("picture-choice").hidden = scenes.length < 2;
  const scene = scenes.find((each) => each.id === run.scene);
  element("state").hidden = Boolean(scene);
  if (!scene) return showState(gettext("No orthomosaic"), gettext("This run's scene has no place on a map."));
  map.showScene(scene);
  return map.fit();
}

async function showFound() {
  const wanted = run;
  const detections = run.status === "done" ? await Detections.load(run.id) : new Detections([]);
  if (run !== wanted) return;
  found = detections;
  element("found").hidden = run.status !== "done";
  element("geojson").href = run.geojson_url ?? "";
  element("shapefile").href = run.shapefile_url ?? "";
  map.showDetections(found.features, minScore);
  showScores();
}

function showScores() {
  map.setMinScore(minScore);
  const shown = found.above(minScore);
  element("min-score").value = minScore;
  element("min-score-value").textContent = scoreWords(minScore);
  element("reset").hidden = minScore === run.threshold;
  element("count").textContent = countWords(shown.length);
  const listed = shown.slice(0, MOST_LISTED);
  const words = (score) => ({ colour: stepOf(score).colour, score: scoreWords(score) });
  element("places").replaceChildren(...placeItems(listed, { words, onChoose: (detection) => goTo(detection) }));
  markListed();
}

function countWords(count) {
  const values = { shown: count, all: found.features.length };
  const words = interpolate(gettext("%(shown)s of %(all)s places are shown."), values, true);
  if (found.isCut) return `${words} ${interpolate(gettext("Only the best %s were loaded."), [found.features.length])}`;
  if (count > MOST_LISTED) return `${words} ${interpolate(gettext("The list holds the first %s."), [MOST_LISTED])}`;
  return words;
}

// One place

function select(detection) {
  selected = detection;
  map.select(detection);
  element("popup").hidden = !detection;
  markListed();
  if (!detection) return;
  const { score, address, box_4326: ring, thumbnail } = detection.properties;
  const side = Math.round(sideM(ring));
  element("popup-title").textContent = interpolate(gettext("Score %s"), [scoreWords(score)]);
  element("popup-address").textContent = address || gettext("no address");
  element("popup-coordinates").textContent = coordinateWords(detection.geometry.coordinates);
  element("popup-size").textContent = interpolate(gettext("square of %s m"), [side]);
  element("popup-picture").src = thumbnail;
  element("popup-before").disabled = !neighbour(-1);
  element("popup-after").disabled = !neighbour(1);
}

function neighbour(step) {
  const shown = found.above(minScore);
  return shown[shown.findIndex((each) => each.id === selected?.id) + step] ?? null;
}

function goTo(detection) {
  if (!detection) return;
  select(detection);
  const popup = element("popup");
  const isAcross = popup.offsetWidth > element("map").offsetWidth / 2; // on a phone it hides the lower part of the map
  map.flyTo(detection, isAcross ? popup.offsetHeight : 0);
}

function markListed() {
  for (const button of element("places").querySelectorAll("button")) {
    if (Number(button.dataset.id) === selected?.id) {
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    } else button.removeAttribute("aria-current");
  }
}

async function copyCoordinates() {
  try {
    await navigator.clipboard.writeText(element("popup-coordinates").textContent);
    toast.show(gettext("Copied."));
  } catch {
    getSelection().selectAllChildren(element("popup-coordinates")); // no clipboard without HTTPS: mark it instead
  }
}

// States, requests, start

function showState(heading, words) {
  const title = document.createElement("h2");
  const text = document.createElement("p");
  title.textContent = heading;
  text.textContent = words;
  element("state").replaceChildren(title, text);
  element("state").hidden = false;
}

function showLegend() {
  const rows = STEPS.toReversed().map((step) => {
    const row = document.createElement("span");
    const swatch = document.createElement("i");
    swatch.style.background = step.colour;
    swatch.style.width = swatch.style.height = `${2 * step.radius_px}px`;
    row.append(swatch, `≥ ${step.from.toFixed(2)}`);
    return row;
  });
  element("legend").append(gettext("Score"), ...rows);
}

async function offerRequest() {
  const form = element("request");
  const [mosaics, models] = await Promise.all([
    getAll("/api/v1/scenes/", { kind: "mosaic" }),
    getAll("/api/v1/model-runs/", { status: "done" }),
  ]);
  fillSelect(form.elements.scene, mosaics.map((scene) => [scene.id, `${scene.town_name} · ${scene.name}`]), run?.scene);
  fillSelect(form.elements.model_run, models.map((model) => [model.id, `#${model.id} · ${model.backbone}`]), models[0]?.id);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    guarded(async () => {
      const asked = { scene: Number(form.elements.scene.value), model_run: Number(form.elements.model_run.value) };
      const added = await post("/api/v1/prediction-runs/", asked);
      runs = [added, ...runs];
      await choose(added);
      toast.show(gettext("Asked for. You can leave the page; the run goes on."));
    });
  });
}

/** Run `work`, and tell the person what went wrong with it. */
async function guarded(work) {
  try {
    await work();
  } catch (error) {
    toast.show(wordsFor(error), { kind: "error" });
  }
}

async function start() {
  showLegend();
  runs = await getAll("/api/v1/prediction-runs/");
  const choice = choiceFrom(location.search);
  const first = runFrom(choice);
  if (first) await choose(first, { min: choice.min, push: false });
  else {
    const words = facts.mayPredict
      ? gettext("Train a model, then choose a mosaic and a model under “Predict another mosaic”, or use the predict command.")
      : gettext("An admin starts them; the map appears here when the first is done.");
    showState(gettext("No predictions yet"), words);
  }
  if (facts.mayPredict) await offerRequest();
}

element("event").addEventListener("change", ({ target }) => guarded(() => choose(runFrom({ event: Number(target.value), town: null, run: null }))));
element("town").addEventListener("change", ({ target }) => guarded(() => choose(bestRun(runsOfTown(Number(target.value))))));
element("run").addEventListener("change", ({ target }) => guarded(() => choose(runs.find((each) => each.id === Number(target.value)))));
element("picture").addEventListener("change", ({ target }) => map.showScene(scenes.find((each) => each.id === Number(target.value))));
element("min-score").addEventListener("input", ({ target }) => {
  minScore = Number(target.value);
  showScores();
});
element("min-score").addEventListener("change", () => remember(false));
element("reset").addEventListener("click", () => {
  minScore = run.threshold;
  showScores();
  remember(false);
});
element("fit").addEventListener("click", () => map.fit());
element("popup-close").addEventListener("click", () => select(null));
element("popup-before").addEventListener("click", () => goTo(neighbour(-1)));
element("popup-after").addEventListener("click", () => goTo(neighbour(1)));
element("popup-coordinates").addEventListener("click", copyCoordinates);
addEventListener("keydown", ({ key }) => {
  if (key === "Escape") select(null);
});
addEventListener("popstate", () => {
  const choice = choiceFrom(location.search);
  const next = runFrom(choice);
  if (next) guarded(() => choose(next, { min: choice.min, push: false }));
});
guarded(start);
