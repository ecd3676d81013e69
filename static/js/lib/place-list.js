/** The list of the places that are shown, as buttons, with a line that counts them. */
import { scoreWords, stepOf } from "./scores.js";

const MOST_LISTED = 200;

export class PlaceList {
  /** `area` holds a count and a list; `wordsOf` a detection say where it is; with `isPictured` each has its thumbnail. */
  constructor(area, { language, wordsOf, isPictured, onChoose }) {
    this.list = area.querySelector("#places");
    this.count = area.querySelector("#count");
    Object.assign(this, { language, wordsOf, isPictured, onChoose });
  }

  /** List `shown`, which of `found` are above the slider. */
  show(shown, found) {
    this.count.textContent = countWords(found, shown.length, this.language);
    this.list.replaceChildren(...shown.slice(0, MOST_LISTED).map((detection) => this.#item(detection)));
  }

  /** Mark the chosen place, or none (null). */
  mark(selected) {
    for (const button of this.list.querySelectorAll("button")) {
      const isSelected = Number(button.dataset.id) === selected?.id;
      button.setAttribute("aria-current", isSelected);
      if (isSelected) button.scrollIntoView({ block: "nearest" });
    }
  }

  #item(detection) {
    const [item, button, swatch, score, words] = ["li", "button", "i", "b", "span"].map((name) => document.createElement(name));
    button.type = "button";
    button.dataset.id = detection.id;
    swatch.style.background = stepOf(detection.properties.score).colour;
    score.textContent = scoreWords(detection.properties.score);
    words.textContent = this.wordsOf(detection);
    button.append(...(this.isPictured ? [thumbnail(detection)] : []), swatch, score, words);
    button.addEventListener("click", () => this.onChoose(detection));
    item.append(button);
    return item;
  }
}

function thumbnail({ properties }) {
  return Object.assign(document.createElement("img"), { loading: "lazy", src: properties.thumbnail, alt: "", width: 56, height: 56 });
}

/** How many places are shown, and what else one should know of the list. */
export function countWords(found, shown, language) {
  const digits = (number) => number.toLocaleString(language);
  if (found.isLoading) return gettext("Loading…");
  if (found.total === 0) return gettext("The model found nothing here.");
  const counts = { shown: digits(shown), all: digits(found.total) };
  const sentences = [interpolate(gettext("%(shown)s of %(all)s places are shown."), counts, true)];
  if (shown === 0) sentences.push(gettext("Lower the slider to see more."));
  if (found.isCut) sentences.push(interpolate(gettext("The best %s are loaded; zoom in to load the others there."), [digits(found.features.length)]));
  if (shown > MOST_LISTED) sentences.push(interpolate(gettext("The list holds the first %s."), [digits(MOST_LISTED)]));
  return sentences.join(" ");
}
