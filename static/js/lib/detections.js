/** The detections of a run, best first, so that the slider needs no server. */
import { get } from "../lib/api.js";
import { countAbove } from "./scores.js";

const PATH = "/api/v1/detections/";
const PAGE_SIZE = 1000;
const MOST_PAGES = 10;

export class Detections {
  /** GeoJSON features by falling score. */
  features = [];
  /** How many the run has; more than `features` when it has more than ten thousand. */
  total = 0;
  isLoading = false;
  #ids = new Set();

  constructor(run) {
    this.run = run;
  }

  get isCut() {
    return this.total > this.features.length;
  }

  /** Load the best ten thousand, and call `onPage` after each page of them. */
  async load(signal, onPage) {
    this.isLoading = true;
    for (let page = 1; this.isLoading; page += 1) {
      const collection = await this.#get({ page }, signal);
      this.total = collection.count;
      this.isLoading = Boolean(collection.next) && page < MOST_PAGES;
      onPage();
    }
  }

  /** Load the best thousand inside west, south, east, north; says whether any of them is new. */
  async loadWithin(bounds_4326, signal) {
    const known = this.features.length;
    await this.#get({ bbox: bounds_4326.map((side) => side.toFixed(7)).join(",") }, signal);
    return this.features.length > known;
  }

  /** The detection with this id, asked for when it was not loaded; null when another run has it. */
  async find(id, signal) {
    if (!this.#ids.has(id)) this.#add([await get(`${PATH}${id}/`, {}, { signal })]);
    return this.features.find((feature) => feature.id === id) ?? null;
  }

  /** Those with at least `minScore`. */
  above(minScore) {
    return this.features.slice(0, countAbove(this.features, minScore));
  }

  async #get(params, signal) {
    const collection = await get(PATH, { run: this.run, min_score: 0, page_size: PAGE_SIZE, ...params }, { signal });
    this.#add(collection.features);
    return collection;
  }

  #add(features) {
    const fresh = features.filter(({ id, properties }) => properties.run === this.run && !this.#ids.has(id));
    for (const { id } of fresh) this.#ids.add(id);
    this.features = [...this.features, ...fresh].sort((a, b) => b.properties.score - a.properties.score || a.id - b.id);
  }
}
