import assert from "node:assert/strict";
import test from "node:test";
import { areaWords, featuresOf } from "../../static/js/coverage/words.js";

test("an area is told in the unit that reads best", () => {
  assert.equal(areaWords(849.6, "en"), "850 m²");
  assert.equal(areaWords(9_999, "en"), "9,999 m²");
  assert.equal(areaWords(12_300, "en"), "1.2 ha");
  assert.equal(areaWords(3_456_000, "en"), "3.46 km²");
  assert.equal(areaWords(12_300, "es"), "1,2 ha");
});

test("features are found by what they are", () => {
  const [gap, flown] = ["gap", "flown"].map((what) => ({ properties: { what } }));
  assert.deepEqual(featuresOf({ features: [gap, flown] }, "gap"), [gap]);
});
