/** A scene in its own pixels, for OpenLayers: y grows upward there, so the scene hangs below zero. */
import Projection from "ol/proj/Projection.js";
import XYZ from "ol/source/XYZ.js";
import TileGrid from "ol/tilegrid/TileGrid.js";

/** The whole scene. */
export const sceneExtent = ({ width_px: width, height_px: height }) => [0, -height, width, 0];

/** A rectangle of scene pixels. */
export const boxExtent = ({ x, y, width, height }) => [x, -(y + height), x + width, -y];

/** The scene's tiles with the projection and the resolutions, coarsest first, in which they come. */
export function pixelTiles(scene, { transition }) {
  const extent = sceneExtent(scene);
  const projection = new Projection({ code: `scene-${scene.id}`, units: "pixels", extent });
  const resolutions = Array.from({ length: scene.max_zoom + 1 }, (_, z) => 2 ** (scene.max_zoom - z));
  const tileGrid = new TileGrid({ extent, origin: [0, 0], resolutions, tileSize: 256 });
  const source = new XYZ({ url: scene.pixel_tiles, projection, wrapX: false, tileGrid, transition });
  return { extent, projection, resolutions, source };
}
