/** The OpenLayers side of the page: a mosaic, its outline, and detections on it. */
import Feature from "ol/Feature.js";
import GeoJSON from "ol/format/GeoJSON.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import OpenLayersMap from "ol/Map.js";
import View from "ol/View.js";
import { defaults as defaultControls, ScaleLine } from "ol/control.js";
import { getCenter } from "ol/extent.js";
import Point from "ol/geom/Point.js";
import Polygon from "ol/geom/Polygon.js";
import { fromLonLat, transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import { Circle, Fill, Stroke, Style } from "ol/style.js";
import { nativeZoom, stepOf } from "./scores.js";

const BOX_FROM_PX = 14; // a box smaller than this on the screen is drawn as a point
const HALO = new Style({ stroke: new Stroke({ color: "#ffffff", width: 5 }) });
const OUTLINE = [
  new Style({ stroke: new Stroke({ color: "rgb(255 255 255 / 80%)", width: 3 }) }),
  new Style({ stroke: new Stroke({ color: "#0f5c73", width: 1.5, lineDash: [6, 4] }) }),
];
const prefersStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class DamageMap {
  constructor(target, { onSelect, labels }) {
    this.minScore = 0;
    this.selected = null;
    this.tiles = new TileLayer();
    this.outline = new VectorLayer({ source: new VectorSource(), style: OUTLINE });
    this.places = new VectorLayer({
      source: new VectorSource(),
      style: (feature, resolution) => this.#style(feature, resolution),
      renderOrder: (a, b) => a.get("score") - b.get("score"), // the highest score lies on top
    });
    this.map = new OpenLayersMap({
      target,
      layers: [this.tiles, this.outline, this.places],
      view: new View({ center: [0, 0], zoom: 2, maxZoom: 22, enableRotation: false }),
      controls: defaultControls({
        rotate: false,
        attribution: false,
        zoomOptions: { zoomInTipLabel: labels.zoomIn, zoomOutTipLabel: labels.zoomOut },
      }).extend([new ScaleLine({ units: "metric" })]),
    });
    this.map.on("click", ({ pixel }) => {
      const found = this.map.forEachFeatureAtPixel(pixel, (feature) => feature, {
        layerFilter: (layer) => layer === this.places,
        hitTolerance: 8,
      });
      onSelect(found ? found.get("detection") : null);
    });
    this.map.on("pointermove", ({ pixel, dragging }) => {
      if (dragging) return;
      const isOver = this.map.hasFeatureAtPixel(pixel, { layerFilter: (layer) => layer === this.places });
      this.map.getTargetElement().style.cursor = isOver ? "pointer" : "";
    });
  }

  /** Show a mosaic underneath. */
  showScene(scene) {
    const extent = transformExtent(scene.bounds_4326, "EPSG:4326", "EPSG:3857");
    this.extent = extent;
    this.tiles.setExtent(extent);
    this.tiles.setSource(new XYZ({ url: scene.map_tiles, maxZoom: nativeZoom(scene.gsd_m, scene.lat), transition: 0 }));
    const footprint = new GeoJSON().readFeature(
      { type: "Feature", geometry: scene.footprint_4326, properties: {} },
      { featureProjection: "EPSG:3857" },
    );
    this.outline.getSource().clear();
    this.outline.getSource().addFeature(footprint);
  }

  /** Show detections (GeoJSON features of the API), of which those from `minScore` on are drawn. */
  showDetections(detections, minScore) {
    this.minScore = minScore;
    this.selected = null;
    const source = this.places.getSource();
    source.clear();
    source.addFeatures(
      detections.map((detection) => {
        const ring = detection.properties.box_4326.map((corner) => fromLonLat(corner));
        const feature = new Feature(new Polygon([ring]));
        feature.setId(detection.id);
        feature.setProperties({ detection, score: detection.properties.score }, true);
        return feature;
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

  /** Show the whole mosaic. */
  fit() {
    if (this.extent) this.map.getView().fit(this.extent, { padding: [24, 24, 24, 24], duration: this.#duration() });
  }

  /** Go to a detection, close enough to see it; `covered_px` of the map's bottom are hidden by something. */
  flyTo(detection, covered_px = 0) {
    const feature = this.places.getSource().getFeatureById(detection.id);
    if (!feature) return;
    const extent = feature.getGeometry().getExtent();
    const view = this.map.getView();
    const resolution = Math.min(view.getResolution(), (extent[2] - extent[0]) / 90);
    const [x, y] = getCenter(extent);
    view.animate({ center: [x, y - (covered_px / 2) * resolution], resolution, duration: this.#duration() });
  }

  #duration() {
    return prefersStill() ? 0 : 350;
  }

  #style(feature, resolution) {
    const score = feature.get("score");
    const isSelected = feature.getId() === this.selected;
    if (score < this.minScore && !isSelected) return null;
    const { colour, radius_px: radius } = stepOf(score);
    const extent = feature.getGeometry().getExtent();
    if ((extent[2] - extent[0]) / resolution >= BOX_FROM_PX) {
      const line = new Style({ stroke: new Stroke({ color: colour, width: isSelected ? 4 : 2.5 }) });
      return isSelected ? [HALO, line] : [new Style({ stroke: new Stroke({ color: "rgb(0 0 0 / 55%)", width: 4.5 }) }), line];
    }
    const image = new Circle({
      radius: isSelected ? radius + 3 : radius,
      fill: new Fill({ color: colour }),
      stroke: new Stroke({ color: isSelected ? "#ffffff" : "rgb(0 0 0 / 65%)", width: isSelected ? 3 : 1.2 }),
    });
    return new Style({ image, geometry: new Point(getCenter(extent)) });
  }
}
