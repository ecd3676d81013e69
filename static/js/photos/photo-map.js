/** The OpenLayers side of the photo viewer: a photo in its own pixels, and the boxes in it. */
import { buffer } from "ol/extent.js";
import { fromExtent } from "ol/geom/Polygon.js";
import TileLayer from "ol/layer/Tile.js";
import View from "ol/View.js";
import { boxExtent, pixelTiles } from "../lib/pixel-tiles.js";
import { PlacesMap, prefersStill } from "../lib/places-map.js";

const MOST_MAGNIFIED = 1 / 6; // scene pixels to a screen pixel

export class PhotoMap extends PlacesMap {
  constructor(target, { scene, onSelect }) {
    const { extent, projection, resolutions, source } = pixelTiles(scene, { transition: prefersStill() ? 0 : 150 });
    super(target, {
      layers: [new TileLayer({ source, extent, preload: 1 })],
      view: new View({
        projection,
        extent: buffer(extent, Math.max(scene.width_px, scene.height_px) / 2),
        showFullExtent: true,
        enableRotation: false,
        center: [scene.width_px / 2, -scene.height_px / 2],
        resolution: resolutions[0],
        maxResolution: resolutions[0] * 1.5,
        minResolution: MOST_MAGNIFIED,
      }),
      controls: [],
      geometryOf: placeInPhoto,
      box_px: 120,
      onSelect,
    });
    this.extent = extent;
  }
}

function placeInPhoto({ properties: { x_px: x, y_px: y, width_px: width, height_px: height } }) {
  return fromExtent(boxExtent({ x, y, width, height }));
}
