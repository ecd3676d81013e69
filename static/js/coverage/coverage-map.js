/** The OpenLayers side of the page: what was flown, the gaps in it, the cameras. */
import GeoJSON from "ol/format/GeoJSON.js";
import VectorLayer from "ol/layer/Vector.js";
import OpenLayersMap from "ol/Map.js";
import { ScaleLine, defaults as defaultControls } from "ol/control.js";
import VectorSource from "ol/source/Vector.js";
import { Circle, Fill, Stroke, Style } from "ol/style.js";
import View from "ol/View.js";
import { zoomLabels } from "../lib/zoom-labels.js";

const MARGIN_PX = 32;
const MOST_ZOOM = 20;
const GEOJSON = new GeoJSON({ featureProjection: "EPSG:3857" });
const area = (fill, stroke, width) => new Style({ fill: new Fill({ color: fill }), stroke: new Stroke({ color: stroke, width }) });
const dot = (fill, stroke, radius) => new Style({ image: new Circle({ radius, fill: new Fill({ color: fill }), stroke: new Stroke({ color: stroke, width: 1.5 }) }) });
// As in the legend, see coverage.css.
const STYLES = {
  flown: area("rgb(15 92 115 / 30%)", "#0f5c73", 1.5),
  gap: area("rgb(230 126 34 / 70%)", "#8f3d00", 2),
  cameras: dot("#ffffff", "#0f5c73", 3),
  cameras_without_footprint: dot("#ffd34d", "#3a2f00", 4.5),
};
const CHOSEN = area("rgb(230 126 34 / 85%)", "#17212b", 4);
const ORDER = Object.keys(STYLES);

export class CoverageMap {
  constructor(target, { onChoose }) {
    this.source = new VectorSource();
    this.chosen = null;
    const layer = new VectorLayer({
      source: this.source,
      style: (feature) => (feature.get("gap") === this.chosen && this.chosen !== null ? CHOSEN : STYLES[feature.get("what")]),
      renderOrder: (a, b) => ORDER.indexOf(a.get("what")) - ORDER.indexOf(b.get("what")),
    });
    this.map = new OpenLayersMap({
      target,
      layers: [layer],
      view: new View({ center: [0, 0], zoom: 2, maxZoom: 22, enableRotation: false }),
      controls: defaultControls({ rotate: false, attribution: false, zoomOptions: zoomLabels() }).extend([new ScaleLine({ units: "metric" })]),
    });
    this.map.on("click", ({ pixel }) => {
      const found = this.map.getFeaturesAtPixel(pixel, { hitTolerance: 4 }).find((feature) => feature.get("what") === "gap");
      onChoose(found ? found.get("gap") : null);
    });
  }

  /** Show a coverage's features; gaps are known by their place in the list. */
  show(coverage) {
    let gaps = 0;
    const features = GEOJSON.readFeatures(coverage);
    for (const feature of features) if (feature.get("what") === "gap") feature.set("gap", gaps++);
    this.chosen = null;
    this.source.clear(true);
    this.source.addFeatures(features);
    this.#fit(this.source.getExtent());
  }

  /** Draw a gap as chosen (null: none), and go there. */
  choose(gap, { goes = false } = {}) {
    this.chosen = gap;
    const feature = this.source.getFeatures().find((each) => each.get("gap") === gap);
    this.source.changed();
    if (goes && feature) this.#fit(feature.getGeometry().getExtent(), 100);
  }

  #fit(extent, margin = MARGIN_PX) {
    this.map.updateSize(); // it may have been hidden until now
    if (extent.every(Number.isFinite)) this.map.getView().fit(extent, { padding: new Array(4).fill(margin), maxZoom: MOST_ZOOM });
  }
}
