import assert from "node:assert/strict";
import { test } from "node:test";
import { coordinateWords, sideM } from "../../static/js/lib/coordinates.js";

test("coordinates are worded latitude first", () => {
  assert.equal(coordinateWords([-96.5483846, 17.0171284]), "17.017128, -96.548385");
});

test("a thousandth of a degree is 111 m along the equator and half of that at 60 degrees", () => {
  assert.ok(Math.abs(sideM([[0, 0], [0.001, 0]]) - 111.195) < 0.01);
  assert.ok(Math.abs(sideM([[0, 60], [0.001, 60]]) - 55.597) < 0.01);
});
