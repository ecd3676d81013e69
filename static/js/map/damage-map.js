/** The OpenLayers side of the page: mosaics, an outline, and detections on them. */
import Feature from "ol/Feature.js";
import GeoJSON from "ol/format/GeoJSON.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import OpenLayersMap from "ol/Map.js";
import View from "ol/View.js";
import { defaults as defaultControls, ScaleLine } from "ol/control.js";
import { getCenter } from "ol/extent.js";
import Polygon from "ol/geom/Polygon.js";
import { fromLonLat, transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import { nativeZoom } from "./mosaics.js";
import { OUTLINE, placeStyle } from "./styles.js";

const MARGIN_PX = 24;
const prefersStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export class DamageMap {
  constructor(target, { onSelect, onMove, labels }) {
    this.minScore = 0;
    this.selected = null;
    this.extent = null;
    this.tiles = new TileLayer();
    this.otherTiles = new TileLayer({ visible: false });
    this.heat = new TileLayer({ visible: false });
    this.outline = new VectorLayer({ source: new VectorSource(), style: OUTLINE });
    this.places = new VectorLayer({
      source: new VectorSource(),
      style: (feature, resolution) => this.#style(feature, resolution),
      renderOrder: (a, b) => this.#rank(a) - this.#rank(b), // the highest score lies on top
    });
    this.map = new OpenLayersMap({
      target,
      layers: [this.otherTiles, this.tiles, this.heat, this.outline, this.places],
      view: new View({ center: [0, 0], zoom: 2, maxZoom: 22, enableRotation: false }),
      controls: defaultControls({
        rotate: false,
        attribution: false,
        zoomOptions: { zoomInTipLabel: labels.zoomIn, zoomOutTipLabel: labels.zoomOut },
      }).extend([new ScaleLine({ units: "metric" })]),
    });
    this.map.on("click", ({ pixel }) => onSelect(this.#placeAt(pixel, 8)?.get("detection") ?? null));
    this.map.on("pointermove", ({ pixel, dragging }) => {
      if (!dragging) this.map.getTargetElement().style.cursor = this.#placeAt(pixel, 0) ? "pointer" : "";
    });
    this.map.on("moveend", () => this.extent && onMove(this.#bounds_4326()));
  }

  /** Show a mosaic underneath, and its outline. */
  showScene(scene) {
    this.extent = showTiles(this.tiles, scene);
    const footprint = new GeoJSON().readFeature(
      { type: "Feature", geometry: scene.footprint_4326, properties: {} },
      { featureProjection: "EPSG:3857" },
    );
    this.outline.getSource().clear();
    this.outline.getSource().addFeature(footprint);
  }

  /** Show another mosaic of the same ground beside it, or none (null). */
  showOther(scene) {
    this.otherTiles.setVisible(Boolean(scene));
    if (scene) showTiles(this.otherTiles, scene);
  }

  /** Lay a heat map over the mosaic: `url` of its tiles, or null for none; `opacity` from 0 to 1. */
  showHeat(url, opacity) {
    this.heat.setVisible(Boolean(url));
    this.heat.setOpacity(opacity);
    if (url && this.heat.get("url") !== url) {
      this.heat.setExtent(this.extent);
      this.heat.setSource(new XYZ({ url, maxZoom: this.tiles.getSource().getTileGrid().getMaxZoom() - 2, transition: 0 }));
    }
    this.heat.set("url", url);
  }

  /** Show nothing. */
  clear() {
    this.extent = null;
    this.showHeat(null, 1);
    for (const layer of [this.tiles, this.otherTiles]) layer.setSource(null);
    for (const layer of [this.outline, this.places]) layer.getSource().clear();
  }

  /** Show detections: GeoJSON features of the API, of which those from the smallest score on are drawn. */
  showDetections(detections) {
    const source = this.places.getSource();
    source.clear(true);
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
    const resolution = Math.min(view.getResolution(), (extent[2] - extent[0]) / 90);
    const [x, y] = getCenter(extent);
    view.animate({ center: [x, y - (covered_px / 2) * resolution], resolution, duration: this.#duration() });
  }

  #duration() {
    return prefersStill() ? 0 : 350;
  }

  #bounds_4326() {
    return transformExtent(this.map.getView().calculateExtent(), "EPSG:3857", "EPSG:4326");
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

function showTiles(layer, scene) {
  const extent = transformExtent(scene.bounds_4326, "EPSG:4326", "EPSG:3857");
  layer.setExtent(extent);
  layer.setSource(new XYZ({ url: scene.map_tiles, maxZoom: nativeZoom(scene.gsd_m, scene.lat), transition: 0 }));
  return extent;
}
