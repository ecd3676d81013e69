/** The photo viewer's page: joins the photo and the places in it. */
import "ol/ol.css";
import "../lib/places.css";
import "./photos.css";
import { get } from "../lib/api.js";
import { copyTextOf } from "../lib/clipboard.js";
import { coordinateWords } from "../lib/coordinates.js";
import { offerFullScreen } from "../lib/full-screen.js";
import { guards } from "../lib/guards.js";
import { legendRows } from "../lib/legend.js";
import { showNotice } from "../lib/notice.js";
import { element, language, on, readFacts } from "../lib/page.js";
import { PlacesPanel } from "../lib/places-panel.js";
import { factsWords, isOnItsWay, stateWords } from "../lib/prediction-run.js";
import { Toast } from "../lib/toast.js";
import { choiceFrom, searchOf } from "../lib/url-state.js";
import { PhotoMap } from "./photo-map.js";
import { pixelWords, stepWords } from "./words.js";

const POLL_MS = 2_000;

const facts = readFacts();
const toast = new Toast(element("toast"));
const { guarded, needed } = guards({ toast, notice: element("state"), heading: gettext("The photo could not be loaded") });

let map = null;
let places = null;

function panelBeside(photo) {
  return new PlacesPanel(element("found"), {
    map: photo,
    language,
    wordsOf: pixelWords,
    isPictured: true,
    entry: (shown, step) => (step > 0 ? shown[0] : null), // without a chosen one, the best comes next
    onShow: showPlaces,
    onChoice: () => history.replaceState(null, "", location.pathname + searchOf(places.choice)),
  });
}

function showPlaces() {
  const { found, shown, selected } = places;
  element("steps").hidden = shown.length === 0;
  element("place-words").textContent = stepWords(shown, selected);
  element("place-before").disabled = !places.neighbour(-1);
  element("place-after").disabled = !places.neighbour(1);
  if (element("address")) element("address").textContent = found.features[0]?.properties.address ?? "";
}

const step = (by) => places.goTo(places.neighbour(by));

function showWhole() {
  places.select(null);
  map.fit({ isAnimated: true });
}

async function showRun() {
  const run = await get(`/api/v1/prediction-runs/${facts.run}/`);
  const words = stateWords(run, language);
  element("run-facts").textContent = factsWords(run, language);
  element("run-state").textContent = words;
  element("run-state").hidden = !words;
  element("run-state").classList.toggle("error", run.status === "failed" || run.is_stalled);
  if (isOnItsWay(run)) return void setTimeout(() => guarded(showRun), POLL_MS);
  if (run.status !== "done") return;
  const { min, place } = choiceFrom(location.search);
  places.open(run, min);
  await places.load();
  await places.goToId(place);
}

async function start() {
  element("state").hidden = true;
  const scene = await get(`/api/v1/scenes/${facts.scene}/`);
  map ??= new PhotoMap(element("photo"), { scene, onSelect: (detection) => places.select(detection) });
  places ??= panelBeside(map);
  map.fit();
  if (scene.lon !== null) element("coordinates").textContent = coordinateWords([scene.lon, scene.lat]);
  if (facts.run !== null) return showRun();
  const words = gettext("No model has looked through this photo yet. An admin does that with the predict command.");
  return showNotice(element("state"), gettext("No predictions yet"), words);
}

async function copyCoordinates() {
  if (await copyTextOf(element("coordinates"))) toast.show(gettext("Copied."));
}

const KEYS = {
  n: () => step(1),
  b: () => step(-1),
  N: () => element("photo-after")?.click(),
  B: () => element("photo-before")?.click(),
  Escape: showWhole,
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select") || !map) return;
  KEYS[event.key]?.();
});

on("place-before", "click", () => step(-1));
on("place-after", "click", () => step(1));
on("fit", "click", () => map?.fit({ isAnimated: true }));
on("run", "change", ({ target }) => location.assign(`${location.pathname}?run=${target.value}`));
on("coordinates", "click", copyCoordinates);

offerFullScreen(element("full-screen"), element("map-area"));
element("legend").append(...legendRows());
needed(start);
