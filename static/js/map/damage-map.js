/** The OpenLayers side of the page: mosaics, an outline, and detections on them. */
import GeoJSON from "ol/format/GeoJSON.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import View from "ol/View.js";
import { ScaleLine } from "ol/control.js";
import { buffer } from "ol/extent.js";
import Point from "ol/geom/Point.js";
import Polygon from "ol/geom/Polygon.js";
import { fromLonLat, transformExtent } from "ol/proj.js";
import VectorSource from "ol/source/Vector.js";
import XYZ from "ol/source/XYZ.js";
import { Stroke, Style } from "ol/style.js";
import { PlacesMap } from "../lib/places-map.js";
import { nativeZoom } from "./mosaics.js";

const AROUND_CAMERA_M = 250;
const OUTLINE = [
  new Style({ stroke: new Stroke({ color: "rgb(255 255 255 / 80%)", width: 3 }) }),
  new Style({ stroke: new Stroke({ color: "#0f5c73", width: 1.5, lineDash: [6, 4] }) }),
];

export class DamageMap extends PlacesMap {
  constructor(target, { onSelect, onMove }) {
    const tiles = new TileLayer();
    const otherTiles = new TileLayer({ visible: false });
    const heat = new TileLayer({ visible: false });
    const outline = new VectorLayer({ source: new VectorSource(), style: OUTLINE });
    super(target, {
      layers: [otherTiles, tiles, heat, outline],
      view: new View({ center: [0, 0], zoom: 2, maxZoom: 22, enableRotation: false }),
      controls: [new ScaleLine({ units: "metric" })],
      geometryOf: placeOnGround,
      box_px: 90,
      onSelect,
    });
    Object.assign(this, { tiles, otherTiles, heat, outline });
    this.map.on("moveend", () => this.extent && onMove(this.#bounds_4326()));
  }

  /** Show a mosaic underneath, and its outline. */
  showScene(scene) {
    this.extent = showTiles(this.tiles, scene);
    this.#outline(scene);
  }

  /** Outline the ground that a photo shows. */
  showGround(photo) {
    this.extent = this.#outline(photo).getGeometry().getExtent();
  }

  #outline(scene) {
    const footprint = new GeoJSON().readFeature(
      { type: "Feature", geometry: scene.footprint_4326, properties: {} },
      { featureProjection: "EPSG:3857" },
    );
    this.outline.getSource().clear();
    this.outline.getSource().addFeature(footprint);
    return footprint;
  }

  /** Show where a photo's camera was, on a mosaic of the same ground where there is one (else null). */
  showCamera([lon, lat], mosaic) {
    if (mosaic) this.showScene(mosaic);
    this.extent = buffer(new Point(fromLonLat([lon, lat])).getExtent(), AROUND_CAMERA_M / Math.cos((lat * Math.PI) / 180));
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

  #bounds_4326() {
    return transformExtent(this.map.getView().calculateExtent(), "EPSG:3857", "EPSG:4326");
  }
}

/** A detection's box, or the point of a photo's camera; null where that is unknown. */
function placeOnGround({ geometry, properties }) {
  if (properties.box_4326) return new Polygon([properties.box_4326.map((corner) => fromLonLat(corner))]);
  return geometry && new Point(fromLonLat(geometry.coordinates));
}

function showTiles(layer, scene) {
  const extent = transformExtent(scene.bounds_4326, "EPSG:4326", "EPSG:3857");
  layer.setExtent(extent);
  layer.setSource(new XYZ({ url: scene.map_tiles, maxZoom: nativeZoom(scene.gsd_m, scene.lat), transition: 0 }));
  return extent;
}
