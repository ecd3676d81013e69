/** The detections of a run: all that were stored, best first, so that the slider needs no server. */
import { get } from "../lib/api.js";
import { countAbove } from "./scores.js";

const MOST_PAGES = 10;

export class Detections {
  /** `features` are GeoJSON features by falling score; `isCut` says that there are more on the server. */
  constructor(features, isCut = false) {
    this.features = features;
    this.isCut = isCut;
  }

  /** Load a run's detections, up to ten thousand. */
  static async load(run) {
    const features = [];
    for (let page = 1; ; page += 1) {
      const collection = await get("/api/v1/detections/", { run, min_score: 0, page_size: 1000, page });
      features.push(...collection.features);
      if (!collection.next) return new Detections(features);
      if (page === MOST_PAGES) return new Detections(features, true);
    }
  }

  /** Those with at least `minScore`. */
  above(minScore) {
    return this.features.slice(0, countAbove(this.features, minScore));
  }
}
