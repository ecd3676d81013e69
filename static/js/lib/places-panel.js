/** The places of a run beside their picture: slider, list, downloads and the chosen place, in step with each other. */
import { Detections } from "./detections.js";
import { PlaceList } from "./place-list.js";
import { ThresholdSlider } from "./threshold-slider.js";

export class PlacesPanel {
  found = new Detections(null);
  minScore = 0;
  selected = null;
  #run = null;
  #slider;
  #list;

  /**
   * `area` holds the elements and `map` is a PlacesMap; `wordsOf` and `isPictured` are the list's. `entry` says where a step
   * leads while the chosen place is not among those shown, `coveredPx` how much of the map's bottom is hidden. `onShow` is
   * called when the places shown or the chosen one changed, `onChoice` when a person settled on something.
   */
  constructor(area, { map, language, wordsOf, isPictured = false, entry, coveredPx = () => 0, onShow, onChoice }) {
    Object.assign(this, { area, map, entry, coveredPx, onShow, onChoice });
    this.#slider = new ThresholdSlider(area, { onMove: (score) => this.#setMinScore(score), onRest: () => onChoice() });
    this.#list = new PlaceList(area, { language, wordsOf, isPictured, onChoose: (detection) => this.goTo(detection) });
  }

  /** What is chosen, for the page's address; the model's own threshold is no choice. */
  get choice() {
    const min = this.minScore === this.#run.threshold ? null : this.minScore;
    return { run: this.#run.id, min, place: this.selected?.id };
  }

  /** The places that reach the smallest score, best first. */
  get shown() {
    return this.found.above(this.minScore);
  }

  /** Begin with a run; what is seen of the one before stays until `load`. */
  open(run, minScore = null) {
    this.#run = run;
    this.minScore = minScore ?? run.threshold;
    this.found = new Detections(run.id);
    this.#choose(null);
  }

  /** Show the run's places as they come; of a run that is not done there are none. */
  async load(signal) {
    const { geojson_url: geojson, shapefile_url: shapefile, status } = this.#run;
    this.area.hidden = status !== "done";
    this.area.querySelector("#geojson").href = geojson ?? "";
    this.area.querySelector("#shapefile").href = shapefile ?? "";
    const loaded = status === "done" && this.found.load(signal, () => this.#show());
    this.#show();
    await loaded;
  }

  /** Where the run has more places than are loaded, load those within west, south, east, north. */
  async loadWithin(bounds_4326, signal) {
    const { found } = this;
    if (found.isCut && !found.isLoading && (await found.loadWithin(bounds_4326, signal))) this.#show();
  }

  /** Go to the place with this id, also when it was not loaded; null changes nothing. */
  async goToId(id, signal) {
    const detection = id === null ? null : await this.found.find(id, signal);
    if (!detection) return;
    this.#show();
    this.goTo(detection);
  }

  /** The place before (-1) or after (1) the chosen one, by score; else null. */
  neighbour(step) {
    const { shown } = this;
    const at = shown.findIndex(({ id }) => id === this.selected?.id);
    return (at === -1 ? this.entry(shown, step) : shown[at + step]) ?? null;
  }

  /** Choose a place, or none (null). */
  select(detection) {
    this.#choose(detection);
    if (this.#run) this.onChoice();
  }

  /** Choose a place and bring it into sight; null changes nothing. */
  goTo(detection) {
    if (!detection) return;
    this.select(detection);
    this.map.flyTo(detection, this.coveredPx());
  }

  #choose(detection) {
    this.selected = detection;
    this.map.select(detection);
    this.#showSelected();
  }

  #setMinScore(score) {
    this.minScore = score;
    this.#showShown();
  }

  #show() {
    this.map.showDetections(this.found.features);
    this.#showShown();
  }

  #showShown() {
    this.map.setMinScore(this.minScore);
    this.#slider.show({ minScore: this.minScore, threshold: this.#run.threshold, features: this.found.features });
    this.#list.show(this.shown, this.found);
    this.#showSelected();
  }

  #showSelected() {
    this.#list.mark(this.selected);
    this.onShow();
  }
}
