import assert from "node:assert/strict";
import { test } from "node:test";
import { directionOf, inside } from "../../static/js/tagging/square.js";

const scene = { width_px: 250, height_px: 100 };
const at = (x, y, size = 100) => ({ x, y, size });

test("a square is moved inside and onto whole pixels", () => {
  assert.deepEqual(inside(at(-5, 0), scene), at(0, 0));
  assert.deepEqual(inside(at(151, 40), scene), at(150, 0));
  assert.deepEqual(inside(at(10.6, 0), scene), at(11, 0));
});

test("arrow keys lead somewhere, others nowhere", () => {
  assert.deepEqual(directionOf("ArrowUp"), [0, -1]);
  assert.deepEqual(directionOf("ArrowRight"), [1, 0]);
  assert.equal(directionOf("x"), null);
});
