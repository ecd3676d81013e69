/** The page of what was flown: choose a town, see the ground flown and the gaps in it. */
import "ol/ol.css";
import "./coverage.css";
import { get, getAll } from "../lib/api.js";
import { coordinateWords } from "../lib/coordinates.js";
import { fillSelect } from "../lib/fill-select.js";
import { guards } from "../lib/guards.js";
import { showNotice } from "../lib/notice.js";
import { element, language } from "../lib/page.js";
import { Toast } from "../lib/toast.js";
import { CoverageMap } from "./coverage-map.js";
import { areaWords, featuresOf } from "./words.js";

const MOST_LISTED = 200;
const toast = new Toast(element("toast"));
const { needed } = guards({ toast, notice: element("notice"), heading: gettext("The coverage could not be loaded") });
let map = null;
let loading = new AbortController();

function say(heading, words) {
  element("shown").hidden = true;
  showNotice(element("notice"), heading, words);
}

function choose(gap, { goes = false } = {}) {
  map.choose(gap, { goes });
  for (const button of element("gaps").querySelectorAll("button")) {
    const isChosen = gap !== null && Number(button.dataset.gap) === gap;
    button.setAttribute("aria-pressed", String(isChosen));
    if (isChosen && !goes) button.scrollIntoView({ block: "nearest" });
  }
}

function gapRow({ properties }, number) {
  const [row, button, place] = ["li", "button", "span"].map((name) => document.createElement(name));
  button.type = "button";
  button.className = "gap-row";
  button.dataset.gap = number;
  button.setAttribute("aria-pressed", "false");
  button.textContent = areaWords(properties.area_m2, language);
  place.className = "quiet";
  place.textContent = coordinateWords([properties.lon, properties.lat]);
  button.append(place);
  button.addEventListener("click", () => choose(number, { goes: true }));
  row.append(button);
  return row;
}

function totalsWords(coverage) {
  const [flown] = featuresOf(coverage, "flown");
  const words = [interpolate(gettext("Flown: %s"), [areaWords(flown.properties.area_m2, language)])];
  const photos = coverage.photos;
  if (photos) words.push(interpolate(ngettext("%s photo", "%s photos", photos), [photos]));
  const without = coverage.photos_without_footprint;
  if (without) words.push(interpolate(ngettext("%s whose ground is unknown", "%s whose ground is unknown", without), [without]));
  const mosaics = coverage.mosaics;
  if (mosaics) words.push(interpolate(ngettext("%s orthomosaic", "%s orthomosaics", mosaics), [mosaics]));
  return words.join(" · ");
}

function show(coverage) {
  const days = coverage.days.map((day) => [day, new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(day))]);
  fillSelect(element("day"), [["", gettext("all days")], ...days], element("day").value);
  if (!featuresOf(coverage, "flown").length) {
    if (!coverage.photos) return say(gettext("Nothing was flown"), gettext("There is no such imagery of this town yet."));
    return say(gettext("The ground is unknown"), gettext("These photos do not say where, how high and in which direction they were taken. An admin can have OpenDroneMap find out (ingest_odm)."));
  }
  element("notice").hidden = true;
  element("shown").hidden = false;
  element("totals").textContent = totalsWords(coverage);
  const gaps = featuresOf(coverage, "gap");
  const area = gaps.reduce((sum, gap) => sum + gap.properties.area_m2, 0);
  element("gaps-words").textContent = gaps.length
    ? interpolate(ngettext("%s gap, %s", "%s gaps, %s in all", gaps.length), [gaps.length, areaWords(area, language)])
    : gettext("There is none of 100 m² and more.");
  element("gaps").replaceChildren(...gaps.slice(0, MOST_LISTED).map(gapRow));
  map ??= new CoverageMap(element("map"), { onChoose: choose });
  map.show(coverage);
}

const asked = () => Object.fromEntries(["town", "role", "kind", "day"].map((id) => [id, element(id).value]));

function load() {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  history.replaceState(null, "", `?town=${element("town").value}`);
  return needed(async () => show(await get("/api/v1/coverage/", asked(), { signal })));
}

async function start() {
  const towns = await getAll("/api/v1/towns/");
  if (!towns.length) return say(gettext("No town yet"), gettext("Imagery that comes in brings its town along."));
  const wanted = new URLSearchParams(location.search).get("town");
  const chosen = towns.find((town) => String(town.id) === wanted) ?? towns[0];
  fillSelect(element("town"), towns.map((town) => [town.id, `${town.name} (${town.event_name})`]), chosen.id);
  return load();
}

element("choices").addEventListener("submit", (event) => event.preventDefault());
element("choices").addEventListener("change", ({ target }) => {
  if (target.id !== "day") element("day").value = "";
  load();
});
needed(start);
