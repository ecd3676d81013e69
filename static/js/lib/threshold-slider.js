/** The slider of the smallest score that is shown. */
import { stepOf } from "./scores.js";

/** Bars over the slider, one per part of 0 to 1; those under `minScore` are faint. Roots, so that few are seen beside many. */
export function histogramBars(counts, minScore) {
  const most = Math.sqrt(Math.max(1, ...counts));
  return counts.map((count, index) => {
    const bar = document.createElement("i");
    bar.style.height = `${(100 * Math.sqrt(count)) / most}%`;
    bar.style.background = stepOf(index / counts.length).colour;
    bar.classList.toggle("faint", (index + 1) / counts.length <= minScore);
    return bar;
  });
}
