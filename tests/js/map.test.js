import assert from "node:assert/strict";
import { test } from "node:test";
import { bestRun, choiceFrom, placesOf, searchOf } from "../../static/js/map/choice.js";
import { coordinateWords, countAbove, nativeZoom, scoreWords, sideM, stepOf, STEPS } from "../../static/js/map/scores.js";

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

test("a score is never worded higher than it is", () => {
  assert.equal(scoreWords(0.999), "0.99");
  assert.equal(scoreWords(0.29), "0.29");
  assert.equal(scoreWords(1), "1.00");
});

test("coordinates are worded latitude first", () => {
  assert.equal(coordinateWords([-96.5483846, 17.0171284]), "17.017128, -96.548385");
});

test("of sorted features those that reach the score are counted", () => {
  assert.equal(countAbove(scored(0.9, 0.8, 0.8, 0.1), 0.8), 3);
  assert.equal(countAbove(scored(0.9, 0.1), 0.95), 0);
  assert.equal(countAbove(scored(0.9, 0.1), 0), 2);
  assert.equal(countAbove([], 0), 0);
});

test("a thousandth of a degree is 111 m along the equator and half of that at 60 degrees", () => {
  assert.ok(Math.abs(sideM([[0, 0], [0.001, 0]]) - 111.195) < 0.01);
  assert.ok(Math.abs(sideM([[0, 60], [0.001, 60]]) - 55.597) < 0.01);
});

test("tiles are asked for down to the mosaic's own resolution", () => {
  assert.equal(nativeZoom(156543.034, 0), 0);
  assert.equal(nativeZoom(0.5, 37.5), 18); // 156543 * cos(37.5) / 2^18 = 0.474 m
});

test("a choice survives the address", () => {
  const choice = { event: 1, town: 2, run: 30, min: 0.75 };
  assert.deepEqual(choiceFrom(searchOf(choice)), choice);
});

test("nonsense in the address is no choice", () => {
  assert.deepEqual(choiceFrom("?run=x&min=&event=2"), { event: 2, town: null, run: null, min: null });
  assert.equal(searchOf({ event: null, town: null, run: null, min: null }), "");
});

test("the newest finished run comes before a newer failed one", () => {
  const runs = [{ id: 3, status: "failed" }, { id: 2, status: "done" }, { id: 1, status: "done" }];
  assert.equal(bestRun(runs).id, 2);
  assert.equal(bestRun(runs.slice(0, 1)).id, 3);
  assert.equal(bestRun([]), null);
});

test("events and towns of runs are listed once, by name", () => {
  const run = (event, event_name, town, town_name) => ({ event, event_name, town, town_name });
  const places = placesOf([run(2, "B", 5, "Y"), run(1, "A", 3, "Z"), run(2, "B", 4, "X"), run(2, "B", 5, "Y")]);
  assert.deepEqual(places.map((event) => [event.name, event.towns.map((town) => town.name)]), [["A", ["Z"]], ["B", ["X", "Y"]]]);
});
