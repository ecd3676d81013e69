/** The slider of the smallest score that is shown, under bars that say how many places have which score. */
import { histogram, scoreWords, stepOf } from "./scores.js";

const BARS = 40;

export class ThresholdSlider {
  #threshold = 0;

  /** `area` holds templates/prediction/threshold_slider.html; `onMove` gets each score passed, `onRest` is called at the last. */
  constructor(area, { onMove, onRest }) {
    this.input = area.querySelector("#min-score");
    this.words = area.querySelector("#min-score-value");
    this.reset = area.querySelector("#reset");
    this.bars = area.querySelector("#bars");
    this.input.addEventListener("input", () => onMove(this.input.valueAsNumber));
    this.input.addEventListener("change", onRest);
    this.reset.addEventListener("click", () => {
      onMove(this.#threshold);
      onRest();
    });
  }

  /** Show where it stands among the scores of `features`; `threshold` is what one can go back to. */
  show({ minScore, threshold, features }) {
    this.#threshold = threshold;
    this.input.value = minScore;
    this.words.textContent = scoreWords(minScore);
    this.reset.hidden = minScore === threshold;
    this.bars.replaceChildren(...histogramBars(histogram(features, BARS), minScore));
  }
}

/** One bar per part of 0 to 1; those under `minScore` are faint. Roots, so that few are seen beside many. */
function histogramBars(counts, minScore) {
  const most = Math.sqrt(Math.max(1, ...counts));
  return counts.map((count, index) => {
    const bar = document.createElement("i");
    bar.style.height = `${(100 * Math.sqrt(count)) / most}%`;
    bar.style.background = stepOf(index / counts.length).colour;
    bar.classList.toggle("faint", (index + 1) / counts.length <= minScore);
    return bar;
  });
}
