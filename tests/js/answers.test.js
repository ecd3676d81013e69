import assert from "node:assert/strict";
import { test } from "node:test";
import { digitsOf, keysOf, swipesOf, toneOf } from "../../static/js/lib/answers.js";
import { answersOf } from "../../static/js/tags/listing.js";

const answer = (key, countsAs, colour, words = key) => ({ key, counts_as: countsAs, colour, words });
const UNSURE = answer("unsure", "neither", 5);
const TWO = [answer("dry", "negative", 1), answer("wet", "positive", 0), UNSURE];
const FOUR = [
  answer("none", "negative", 1), answer("some", "neither", 2), answer("much", "positive", 3), answer("all", "positive", 0), UNSURE,
];

test("of two answers the one that counts as yes is on the right, whichever comes first", () => {
  assert.deepEqual(swipesOf(TWO), { right: "wet", left: "dry", up: "unsure" });
  assert.deepEqual(keysOf(TWO), {
    1: "dry", 2: "wet", 3: "unsure", ArrowRight: "wet", ArrowLeft: "dry", ArrowUp: "unsure", " ": "unsure",
  });
});

test("where neither counts as yes, the first is on the right", () => {
  const two = [answer("tent", "neither", 0), answer("hut", "neither", 1), UNSURE];
  assert.deepEqual(swipesOf(two), { right: "tent", left: "hut", up: "unsure" });
});

test("more than two answers have digits and no swipes", () => {
  assert.deepEqual(swipesOf(FOUR), {});
  assert.deepEqual(keysOf(FOUR), { 1: "none", 2: "some", 3: "much", 4: "all", 5: "unsure", " ": "unsure" });
  assert.deepEqual(digitsOf(TWO), { 1: "dry", 2: "wet", 3: "unsure" });
});

test("an answer that the question no longer offers looks as undecided", () => {
  assert.equal(toneOf({ answers: FOUR }, "much"), "tone-3");
  assert.equal(toneOf({ answers: FOUR }, "gone"), "tone-5");
});

test("answers of several questions are offered once, with all their words", () => {
  const questions = [
    { answers: [answer("positive", "positive", 0, "Damage"), UNSURE] },
    { answers: [answer("positive", "positive", 0, "Water"), UNSURE] },
  ];
  assert.deepEqual([...answersOf(questions)], [["positive", "Damage / Water"], ["unsure", "unsure"]]);
});
