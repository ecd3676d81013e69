/** Words for the places in a photo. */
import { scoreWords } from "../lib/scores.js";

/** Which of the places shown is chosen: "2 of 7 · score 0.88". */
export function stepWords(shown, selected) {
  const at = shown.findIndex((each) => each.id === selected?.id);
  if (!selected || at === -1) return interpolate(ngettext("%s place", "%s places", shown.length), [shown.length]);
  const facts = { rank: at + 1, count: shown.length, score: scoreWords(selected.properties.score) };
  return interpolate(gettext("%(rank)s of %(count)s · score %(score)s"), facts, true);
}

/** The middle of a place's box: "at 120, 340 px". */
export function pixelWords({ properties: { x_px: x, y_px: y, width_px: width, height_px: height } }) {
  return interpolate(gettext("at %s px"), [`${Math.round(x + width / 2)}, ${Math.round(y + height / 2)}`]);
}
