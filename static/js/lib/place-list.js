/** The list of places under the slider. */
import { scoreWords, stepOf } from "./scores.js";

/** How many places are shown, and what else one should know of the list. */
export function countWords(found, shown, mostListed, language) {
  const digits = (number) => number.toLocaleString(language);
  if (found.isLoading) return gettext("Loading…");
  if (found.total === 0) return gettext("The model found nothing here.");
  const counts = { shown: digits(shown), all: digits(found.total) };
  const sentences = [interpolate(gettext("%(shown)s of %(all)s places are shown."), counts, true)];
  if (shown === 0) sentences.push(gettext("Lower the slider to see more."));
  if (found.isCut) sentences.push(interpolate(gettext("The best %s are loaded; zoom in to load the others there."), [digits(found.features.length)]));
  if (shown > mostListed) sentences.push(interpolate(gettext("The list holds the first %s."), [digits(mostListed)]));
  return sentences.join(" ");
}

/** Places as buttons in a list; `onChoose` gets the detection. */
export function placeItems(detections, onChoose) {
  return detections.map((detection) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const swatch = document.createElement("i");
    const score = document.createElement("b");
    const address = document.createElement("span");
    button.type = "button";
    button.dataset.id = detection.id;
    swatch.style.background = stepOf(detection.properties.score).colour;
    score.textContent = scoreWords(detection.properties.score);
    address.textContent = detection.properties.address || gettext("no address");
    button.append(swatch, score, address);
    button.addEventListener("click", () => onChoose(detection));
    item.append(button);
    return item;
  });
}
