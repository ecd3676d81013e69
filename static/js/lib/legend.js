/** What the colours of the scores mean. */
import { STEPS, stepWords } from "./scores.js";

/** The steps of the scores, highest first, as rows of a legend. */
export function legendRows() {
  return STEPS.toReversed().map((step) => {
    const row = document.createElement("span");
    const swatch = document.createElement("i");
    swatch.style.background = step.colour;
    swatch.style.width = swatch.style.height = `${2 * step.radius_px}px`;
    row.append(swatch, stepWords(step));
    return row;
  });
}
