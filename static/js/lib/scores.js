/** Scores as colours, words and counts. Pure. */

const DARK = "rgb(0 0 0 / 65%)";
const WHITE = "#ffffff";

/**
 * From pale to dark, so that the order is seen without seeing hues; each step also grows. It ends in purple, which no roof
 * has. A line's casing is what its colour is not, so that both are seen on any ground.
 */
export const STEPS = [
  { from: 0, colour: "#fff3b0", casing: DARK, radius_px: 3 },
  { from: 0.5, colour: "#ffc53d", casing: DARK, radius_px: 4 },
  { from: 0.7, colour: "#ff7a1a", casing: DARK, radius_px: 5 },
  { from: 0.85, colour: "#e0164b", casing: WHITE, radius_px: 6 },
  { from: 0.95, colour: "#8a0a8f", casing: WHITE, radius_px: 7 },
];

/** The step that a score from 0 to 1 belongs to. */
export function stepOf(score) {
  return STEPS.findLast((step) => score >= step.from) ?? STEPS[0];
}

/** What a legend says of a step. */
export function stepWords(step) {
  const next = STEPS[STEPS.indexOf(step) + 1];
  return step.from === 0 ? `< ${next.from.toFixed(2)}` : `≥ ${step.from.toFixed(2)}`;
}

/** Two digits (three from 0.99), never rounded up past what a threshold let through: 0.9999 is "0.999". */
export function scoreWords(score) {
  const digits = score >= 0.99 && score < 1 ? 3 : 2;
  const scale = 10 ** digits;
  return (Math.floor(score * scale + 1e-9) / scale).toFixed(digits);
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

/** How many `features` fall into each of `bins` equal parts of 0 to 1. */
export function histogram(features, bins) {
  const counts = new Array(bins).fill(0);
  for (const { properties } of features) counts[Math.min(bins - 1, Math.floor(properties.score * bins))] += 1;
  return counts;
}
