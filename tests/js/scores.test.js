import assert from "node:assert/strict";
import { test } from "node:test";
import { countAbove, histogram, scoreWords, stepOf, STEPS, stepWords } from "../../static/js/lib/scores.js";

const scored = (...scores) => scores.map((score) => ({ properties: { score } }));

test("a score belongs to the highest step that it reaches", () => {
  assert.equal(stepOf(0).from, 0);
  assert.equal(stepOf(0.4999).from, 0);
  assert.equal(stepOf(0.5).from, 0.5);
  assert.equal(stepOf(1).from, 0.95);
});

test("steps grow with the score, so that colour is not needed", () => {
  for (let i = 1; i < STEPS.length; i += 1) assert.ok(STEPS[i].radius_px > STEPS[i - 1].radius_px);
});

/** WCAG 2 relative luminance of "#rrggbb". */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("each step is darker than the one below it, so that hues need not be seen", () => {
  for (let i = 1; i < STEPS.length; i += 1) {
    const contrast = (luminance(STEPS[i - 1].colour) + 0.05) / (luminance(STEPS[i].colour) + 0.05);
    assert.ok(contrast > 1.3, `step ${i}: ${contrast}`);
  }
});

test("the legend says where each step begins, and the lowest where it ends", () => {
  assert.deepEqual(STEPS.map(stepWords), ["< 0.50", "≥ 0.50", "≥ 0.70", "≥ 0.85", "≥ 0.95"]);
});

test("scores are counted in equal parts, the last of which holds 1", () => {
  assert.deepEqual(histogram(scored(1, 0.99, 0.75, 0.5, 0.49, 0), 4), [1, 1, 1, 3]);
});

test("a score is never worded higher than it is", () => {
  assert.equal(scoreWords(0.9999), "0.999");
  assert.equal(scoreWords(0.99), "0.990");
  assert.equal(scoreWords(0.9899), "0.98");
  assert.equal(scoreWords(0.29), "0.29");
  assert.equal(scoreWords(1), "1.00");
});

test("of sorted features those that reach the score are counted", () => {
  assert.equal(countAbove(scored(0.9, 0.8, 0.8, 0.1), 0.8), 3);
  assert.equal(countAbove(scored(0.9, 0.1), 0.95), 0);
  assert.equal(countAbove(scored(0.9, 0.1), 0), 2);
  assert.equal(countAbove([], 0), 0);
});
