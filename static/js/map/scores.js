/** Scores as colours and words. Pure. */

/** From pale to dark, so that the order is seen without seeing hues; each step also grows. */
export const STEPS = [
  { from: 0, colour: "#fde68a", radius_px: 4 },
  { from: 0.5, colour: "#fbbf24", radius_px: 5 },
  { from: 0.7, colour: "#f97316", radius_px: 6 },
  { from: 0.85, colour: "#dc2626", radius_px: 7 },
  { from: 0.95, colour: "#7f1d1d", radius_px: 8 },
];

/** The step that a score from 0 to 1 belongs to. */
export function stepOf(score) {
  return STEPS.findLast((step) => score >= step.from) ?? STEPS[0];
}

/** Two digits, never rounded up past what a threshold let through: 0.999 is "0.99". */
export function scoreWords(score) {
  return (Math.floor(score * 100 + 1e-9) / 100).toFixed(2);
}

/** Latitude, longitude in degrees with about 0.1 m of precision, as maps on phones take them. */
export function coordinateWords([lon, lat]) {
  return `${lat.toFixed(6)}, ${lon.toFixed(6)}`;
}

/** How many of `features`, sorted by falling score, reach `minScore`. */
export function countAbove(features, minScore) {
  let low = 0;
  let high = features.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (features[middle].properties.score >= minScore) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Side of a box in metres, from its ring of lon, lat. */
export function sideM(ring) {
  const [a, b] = ring;
  const radians = Math.PI / 180;
  const middle = ((a[1] + b[1]) / 2) * radians;
  return Math.hypot((b[0] - a[0]) * Math.cos(middle), b[1] - a[1]) * radians * 6371008.8;
}

/** The web-mercator zoom at which a tile pixel is about as large as a pixel of the mosaic. */
export function nativeZoom(gsdM, lat) {
  const zoom = Math.ceil(Math.log2((156543.034 * Math.cos((lat * Math.PI) / 180)) / gsdM));
  return Math.min(24, Math.max(0, zoom));
}
