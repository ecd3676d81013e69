import assert from "node:assert/strict";
import { test } from "node:test";
import { boxExtent, sceneExtent } from "../../static/js/lib/pixel-tiles.js";
import { stepWords } from "../../static/js/photos/words.js";

globalThis.gettext = (text) => text;
globalThis.ngettext = (one, many, count) => (count === 1 ? one : many);
globalThis.interpolate = (text, values, isNamed) =>
  isNamed ? text.replace(/%\((\w+)\)s/g, (_, name) => values[name]) : text.replace(/%s/g, () => values.shift());

const box = (id, score) => ({ id, properties: { score } });
const SHOWN = [box(7, 0.9999), box(5, 0.88)];

test("the steps say which box is chosen, or how many there are", () => {
  assert.equal(stepWords(SHOWN, null), "2 places");
  assert.equal(stepWords(SHOWN, SHOWN[0]), "1 of 2 · score 0.999");
  assert.equal(stepWords(SHOWN, box(9, 0.1)), "2 places"); // the slider has passed it
});

test("scene pixels count downward, OpenLayers upward", () => {
  assert.deepEqual(sceneExtent({ width_px: 400, height_px: 300 }), [0, -300, 400, 0]);
  assert.deepEqual(boxExtent({ x: 10, y: 20, width: 30, height: 40 }), [10, -60, 40, -20]);
});
