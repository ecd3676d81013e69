/** Words and elements for the boxes in a photo. */
import { scoreWords, stepOf } from "../lib/scores.js";

/** Where the chosen box stands among those shown: "2 of 7 · score 0.88". */
export function stepWords(shown, selected) {
  const at = shown.findIndex((each) => each.id === selected?.id);
  if (!selected || at === -1) return interpolate(ngettext("%s place", "%s places", shown.length), [shown.length]);
  const facts = { rank: at + 1, count: shown.length, score: scoreWords(selected.properties.score) };
  return interpolate(gettext("%(rank)s of %(count)s · score %(score)s"), facts, true);
}

/** Boxes as buttons in a list, each with its picture; `onChoose` gets the detection. */
export function boxItems(detections, onChoose) {
  return detections.map((detection) => {
    const { score, thumbnail, x_px: x, y_px: y, width_px: width, height_px: height } = detection.properties;
    const [item, button, picture, swatch, words, place] = ["li", "button", "img", "i", "b", "span"].map((name) =>
      document.createElement(name),
    );
    button.type = "button";
    button.dataset.id = detection.id;
    Object.assign(picture, { loading: "lazy", src: thumbnail, alt: "", width: 56, height: 56 });
    swatch.style.background = stepOf(score).colour;
    words.textContent = scoreWords(score);
    place.textContent = interpolate(gettext("at %s px"), [`${Math.round(x + width / 2)}, ${Math.round(y + height / 2)}`]);
    button.append(picture, swatch, words, place);
    button.addEventListener("click", () => onChoose(detection));
    item.append(button);
    return item;
  });
}
