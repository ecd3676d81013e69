/** Detections on a picture in OpenLayers, whatever the picture: drawn, chosen and gone to. */
import Feature from "ol/Feature.js";
import VectorLayer from "ol/layer/Vector.js";
import OpenLayersMap from "ol/Map.js";
import { defaults as defaultControls } from "ol/control.js";
import { getCenter } from "ol/extent.js";
import VectorSource from "ol/source/Vector.js";
import { placeStyle } from "./place-style.js";
import { zoomLabels } from "./zoom-labels.js";

const MARGIN_PX = 24;
const LEAST_RESOLUTION = 0.5; // when one goes to a point, which has no width
export const prefersStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class PlacesMap {
  /**
   * `geometryOf` a detection is its place on the picture, or null; `layers` lie under the places; a box is `box_px` wide on
   * the screen when one goes to it.
   */
  constructor(target, { layers, view, controls, geometryOf, box_px, onSelect }) {
    this.minScore = 0;
    this.selected = null;
    this.extent = null;
    this.geometryOf = geometryOf;
    this.box_px = box_px;
    this.places = new VectorLayer({
      source: new VectorSource(),
      style: (feature, resolution) => this.#style(feature, resolution),
      renderOrder: (a, b) => this.#rank(a) - this.#rank(b), // the highest score lies on top
    });
    this.map = new OpenLayersMap({
      target,
      layers: [...layers, this.places],
      view,
      controls: defaultControls({
        rotate: false,
        attribution: false,
        zoomOptions: zoomLabels(),
      }).extend(controls),
    });
    this.map.on("click", ({ pixel }) => onSelect(this.#placeAt(pixel, 8)?.get("detection") ?? null));
    this.map.on("pointermove", ({ pixel, dragging }) => {
      if (!dragging) this.map.getTargetElement().style.cursor = this.#placeAt(pixel, 0) ? "pointer" : "";
    });
  }

  /** Show detections: GeoJSON features of the API, of which those from the smallest score on are drawn. */
  showDetections(detections) {
    const source = this.places.getSource();
    source.clear(true);
    source.addFeatures(
      detections.flatMap((detection) => {
        const geometry = this.geometryOf(detection);
        if (!geometry) return [];
        const feature = new Feature(geometry);
        feature.setId(detection.id);
        feature.setProperties({ detection, score: detection.properties.score }, true);
        return [feature];
      }),
    );
  }

  setMinScore(minScore) {
    this.minScore = minScore;
    this.places.changed();
  }

  select(detection) {
    this.selected = detection?.id ?? null;
    this.places.changed();
  }

  /** Show the whole picture. */
  fit({ isAnimated = false } = {}) {
    const padding = new Array(4).fill(MARGIN_PX);
    if (this.extent) this.map.getView().fit(this.extent, { padding, duration: isAnimated ? this.#duration() : 0 });
  }

  /** Go to a detection, close enough to see it; `covered_px` of the map's bottom are hidden by something. */
  flyTo(detection, covered_px = 0) {
    const feature = this.places.getSource().getFeatureById(detection.id);
    if (!feature) return;
    const extent = feature.getGeometry().getExtent();
    const view = this.map.getView();
    const close = (extent[2] - extent[0]) / this.box_px || LEAST_RESOLUTION;
    const resolution = Math.min(view.getResolution(), close);
    const [x, y] = getCenter(extent);
    view.animate({ center: [x, y - (covered_px / 2) * resolution], resolution, duration: this.#duration() });
  }

  #duration() {
    return prefersStill() ? 0 : 350;
  }

  #placeAt(pixel, hitTolerance) {
    const layerFilter = (layer) => layer === this.places;
    return this.map.forEachFeatureAtPixel(pixel, (feature) => feature, { layerFilter, hitTolerance });
  }

  #rank(feature) {
    return feature.getId() === this.selected ? 2 : feature.get("score");
  }

  #style(feature, resolution) {
    const isSelected = feature.getId() === this.selected;
    if (feature.get("score") < this.minScore && !isSelected) return null;
    return placeStyle(feature, resolution, isSelected);
  }
}
