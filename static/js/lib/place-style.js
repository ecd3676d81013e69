/** How places are drawn. */
import Point from "ol/geom/Point.js";
import { getCenter } from "ol/extent.js";
import { Circle, Fill, RegularShape, Stroke, Style } from "ol/style.js";
import { stepOf, STEPS } from "./scores.js";

const BOX_FROM_PX = 12; // a box smaller than this on the screen is drawn as a point

const centre = (feature) => new Point(getCenter(feature.getGeometry().getExtent()));

function boxStyles({ colour, casing }, isSelected) {
  const width = isSelected ? 4 : 2.5;
  const halo = isSelected ? [new Style({ stroke: new Stroke({ color: "#000000", width: width + 7 }) })] : [];
  return [
    ...halo,
    new Style({ stroke: new Stroke({ color: isSelected ? "#ffffff" : casing, width: width + (isSelected ? 4 : 2) }) }),
    new Style({ stroke: new Stroke({ color: colour, width }) }),
  ];
}

function pointStyle({ colour, casing, radius_px: radius }, isSelected) {
  const image = new Circle({
    radius: isSelected ? radius + 3 : radius,
    fill: new Fill({ color: colour }),
    stroke: new Stroke({ color: isSelected ? "#ffffff" : casing, width: isSelected ? 3 : 1.2 }),
  });
  return [new Style({ image, geometry: centre })];
}

/** Where the camera was: a diamond within a dashed ring, which says "about here". */
function approximateStyles({ colour, casing, radius_px: radius }, isSelected) {
  const ring = (stroke) => new Style({ image: new Circle({ radius: radius + 14, stroke: new Stroke(stroke) }) });
  const diamond = new RegularShape({
    points: 4,
    radius: radius + (isSelected ? 6 : 3),
    fill: new Fill({ color: colour }),
    stroke: new Stroke({ color: isSelected ? "#ffffff" : casing, width: isSelected ? 3 : 1.2 }),
  });
  const dashes = { color: "#ffffff", width: 2.5, lineDash: [5, 5] };
  return [ring({ color: "rgb(10 16 22 / 85%)", width: isSelected ? 6 : 4 }), ring(dashes), new Style({ image: diamond })];
}

const KINDS = { box: boxStyles, point: pointStyle, approximate: approximateStyles };
const styles = new Map(
  STEPS.map((step) => [
    step,
    Object.fromEntries(Object.entries(KINDS).map(([kind, drawn]) => [kind, [false, true].map((is) => drawn(step, is))])),
  ]),
);

function kindOf(geometry, resolution) {
  if (geometry.getType() === "Point") return "approximate";
  const [west, , east] = geometry.getExtent();
  return (east - west) / resolution >= BOX_FROM_PX ? "box" : "point";
}

/** Styles of a place: its box where that is large enough on the screen, else a point; of a photo's, the camera's. */
export function placeStyle(feature, resolution, isSelected) {
  const kind = kindOf(feature.getGeometry(), resolution);
  return styles.get(stepOf(feature.get("score")))[kind][Number(isSelected)];
}
