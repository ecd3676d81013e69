/** A scene in OpenLayers, in its own pixels, with the square and what is tagged already. */
import Feature from "ol/Feature.js";
import OlMap from "ol/Map.js";
import View from "ol/View.js";
import Zoom from "ol/control/Zoom.js";
import { buffer, containsExtent, getCenter } from "ol/extent.js";
import { fromExtent } from "ol/geom/Polygon.js";
import PointerInteraction from "ol/interaction/Pointer.js";
import { defaults as defaultInteractions } from "ol/interaction/defaults.js";
import TileLayer from "ol/layer/Tile.js";
import VectorLayer from "ol/layer/Vector.js";
import VectorSource from "ol/source/Vector.js";
import Fill from "ol/style/Fill.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import { boxExtent, pixelTiles, sceneExtent } from "../lib/pixel-tiles.js";
import { zoomLabels } from "../lib/zoom-labels.js";
import { inside } from "./square.js";

// Each answer has a colour and a pattern, the same as on its button, over a pale line that shows on any ground.
const PATTERNS = [
  { color: "#ff7a33", width: 3 },
  { color: "#5fb0ff", width: 3, lineDash: [10, 7] },
  { color: "#ff9fe0", width: 3, lineDash: [18, 5] },
  { color: "#00a86b", width: 3, lineDash: [12, 5, 3, 5] },
  { color: "#6a2bff", width: 3, lineDash: [5, 5] },
  { color: "#ffffff", width: 3, lineDash: [2, 7] },
];
const HALO = { color: "rgb(10 16 22 / 70%)", width: 5 };
const INSET_PX = 4; // of the screen: neighbours' outlines stand beside each other
const TAGGED = PATTERNS.map((line) => [insetLine(HALO), insetLine(line)]);
// The fill is nearly nothing, but it makes the whole square a handle to drag by.
const SQUARE = [
  new Style({ stroke: new Stroke({ color: "rgb(10 16 22 / 85%)", width: 7 }), fill: new Fill({ color: "rgb(255 255 255 / 1%)" }) }),
  new Style({ stroke: new Stroke({ color: "#ffe14d", width: 3.5 }) }),
];
const SHARE_OF_VIEW = 0.4; // of the shorter side, so that the square's surroundings are seen
const CLEAR_PX = [16, 68, 72, 16]; // kept free of the square: buttons on the right, messages below
const MOST_MAGNIFIED = 1 / 6; // scene pixels to a screen pixel

export class SceneMap {
  #map;
  #tiles = new TileLayer({ preload: 1 });
  #drawn = new Set(); // the tiles that have come, by "z/x/y"
  #tagged = new VectorSource();
  #squareFeature = new Feature();
  #scene = null;
  #square = null;
  #squareAt;
  #snapped;
  #isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /**
   * `onMove(square)` is called whenever a person moves the square by pointer: to `squareAt(x, y)` where they tap, to
   * `snapped(square)` where they let it go. `onSeen(isSeen)` says whether all of the picture under the square is drawn.
   * `colourOf(answer)` is the number of its colour.
   */
  constructor(target, { onMove, onTileError, onSeen, colourOf, squareAt, snapped }) {
    const squareLayer = new VectorLayer({
      source: new VectorSource({ features: [this.#squareFeature] }),
      style: SQUARE,
      updateWhileInteracting: true,
    });
    const taggedLayer = new VectorLayer({
      source: this.#tagged,
      style: (feature, resolution) => (TAGGED[colourOf(feature.get("answer"))] ?? TAGGED.at(-1)).map((line) => line(feature, resolution)),
    });
    this.#map = new OlMap({
      target,
      layers: [this.#tiles, taggedLayer, squareLayer],
      controls: [new Zoom(zoomLabels())],
      interactions: defaultInteractions({
        keyboard: false,
        doubleClickZoom: false,
        altShiftDragRotate: false,
        pinchRotate: false,
      }).extend([this.#dragging(onMove)]),
    });
    this.#map.on("click", (event) => this.#tapped(event.coordinate, onMove));
    this.#map.on("pointermove", (event) => this.#showHand(event));
    this.#map.on(["movestart", "rendercomplete"], () => onSeen(this.isSeen));
    this.#squareAt = squareAt;
    this.#snapped = snapped;
    this.onTileError = onTileError;
    this.onSeen = onSeen;
  }

  /** Show a scene; the square comes with `setSquare`. */
  show(scene) {
    this.#scene = scene;
    this.#square = null;
    this.#squareFeature.setGeometry(undefined);
    this.#drawn.clear();
    const { extent, projection, resolutions, source } = pixelTiles(scene, { transition: this.#isCalm ? 0 : 150 });
    source.on("tileloaderror", () => this.onTileError());
    source.on("tileloadend", ({ tile }) => this.#drawn.add(tile.getTileCoord().join("/")));
    this.#tiles.setSource(source);
    this.#tiles.setExtent(extent);
    this.#map.setView(
      new View({
        projection,
        extent: buffer(extent, Math.min(scene.width_px, scene.height_px) / 2),
        showFullExtent: true,
        padding: CLEAR_PX,
        enableRotation: false,
        center: getCenter(extent),
        resolution: resolutions[0],
        maxResolution: resolutions[0] * 1.5,
        minResolution: MOST_MAGNIFIED,
      }),
    );
    this.#tagged.clear();
    this.onSeen(false);
  }

  /** Put the square somewhere, and bring it into sight: the first in a scene so that its surroundings are seen. */
  setSquare(square) {
    const isFirst = this.#square === null;
    this.#place(square);
    if (isFirst) this.#zoomToSquare();
    else this.#bringIntoSight();
    this.onSeen(false); // until it is drawn there
    this.#map.render();
  }

  /** Whether every tile under the square, at the zoom that is shown, has come, and the picture rests. */
  get isSeen() {
    const view = this.#map.getView();
    const source = this.#tiles.getSource();
    if (!this.#square || !source || view.getAnimating() || view.getInteracting()) return false;
    const grid = source.getTileGrid();
    const z = grid.getZForResolution(view.getResolution(), source.zDirection);
    let isWhole = true;
    // A hair inside: a square that ends with a tile needs none of the next.
    grid.forEachTileCoord(buffer(extentOf(this.#square), -0.01), z, (tile) => { isWhole &&= this.#drawn.has(tile.join("/")); });
    return isWhole;
  }

  #place(square) {
    this.#square = square;
    this.#squareFeature.setGeometry(fromExtent(extentOf(square)));
  }

  /** Draw what is tagged, and nothing else: [{ x, y, size, answer }]. */
  setTagged(tagged) {
    this.#tagged.clear();
    this.#tagged.addFeatures(tagged.map(taggedFeature));
  }

  /** Draw one square's answer in place of the one before; null where there is none any more. */
  putTag(square, tag) {
    const before = this.#tagged.getFeatureById(idOf(square));
    if (before) this.#tagged.removeFeature(before);
    if (tag) this.#tagged.addFeature(taggedFeature(tag));
  }

  /** Ask again for the parts of the picture that did not come. */
  reload() {
    this.#tiles.getSource()?.refresh();
  }

  /** Zoom out to the whole scene, or back to the square. */
  toggleOverview() {
    const view = this.#map.getView();
    const whole = view.getResolutionForExtent(this.#extent(), this.#map.getSize());
    if (view.getResolution() > whole * 0.95) return this.#zoomToSquare(this.#motion());
    return view.fit(this.#extent(), this.#motion());
  }

  #extent() {
    return sceneExtent(this.#scene);
  }

  #motion() {
    return this.#isCalm ? {} : { duration: 250 };
  }

  #zoomToSquare(motion = {}) {
    if (!this.#square) return;
    this.#map.updateSize();
    const [width, height] = this.#map.getSize() ?? [600, 600];
    const resolution = this.#square.size / (SHARE_OF_VIEW * Math.min(width, height));
    const center = getCenter(extentOf(this.#square));
    const view = this.#map.getView();
    if (motion.duration) view.animate({ center, resolution, ...motion });
    else {
      view.setResolution(resolution);
      view.setCenter(center);
    }
  }

  #bringIntoSight() {
    const view = this.#map.getView();
    if (!this.#scene || !view.getCenter() || !this.#map.getSize()) return;
    const extent = extentOf(this.#square);
    view.cancelAnimations(); // one still under way leads to where the square was
    if (containsExtent(view.calculateExtent(), extent)) return;
    view.animate({ center: getCenter(extent), duration: this.#isCalm ? 0 : 250 });
  }

  /** Dragging from within the square moves it; from elsewhere, the scene. */
  #dragging(onMove) {
    let grip = null; // from the square's top left corner to the pointer
    return new PointerInteraction({
      handleDownEvent: ({ coordinate: [x, y], activePointers }) => {
        const isGrip = activePointers.length === 1 && this.#isOnSquare([x, y]);
        grip = isGrip ? { x: x - this.#square.x, y: -y - this.#square.y } : null;
        return isGrip;
      },
      handleDragEvent: ({ coordinate: [x, y] }) => {
        this.#place(inside({ ...this.#square, x: x - grip.x, y: -y - grip.y }, this.#scene));
        this.onSeen(false);
      },
      handleUpEvent: () => {
        this.setSquare(this.#snapped(this.#square));
        onMove(this.#square);
        return false;
      },
    });
  }

  #isOnSquare(coordinate) {
    return Boolean(this.#squareFeature.getGeometry()?.intersectsCoordinate(coordinate));
  }

  #tapped([x, y], onMove) {
    if (!this.#square) return;
    this.setSquare(this.#squareAt(x, -y));
    onMove(this.#square);
  }

  #showHand(event) {
    const isOver = !event.dragging && this.#isOnSquare(event.coordinate);
    this.#map.getTargetElement().classList.toggle("over-square", isOver);
  }
}

function insetLine(options) {
  const stroke = new Stroke(options);
  return (feature, resolution) => {
    const outline = buffer(feature.getGeometry().getExtent(), -INSET_PX * resolution);
    return new Style({ stroke, geometry: fromExtent(outline) });
  };
}

const idOf = ({ x, y, size }) => `${x},${y},${size}`;

function taggedFeature({ answer, ...square }) {
  const feature = new Feature({ geometry: fromExtent(extentOf(square)), answer });
  feature.setId(idOf(square));
  return feature;
}

function extentOf({ x, y, size }) {
  return boxExtent({ x, y, width: size, height: size });
}
