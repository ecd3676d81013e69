import assert from "node:assert/strict";
import { test } from "node:test";
import {
  afterKey, cells, cellStarts, centredOn, coverage, fittingSize, inside, isCovered, nextCell,
} from "../../static/js/tagging/square.js";

const scene = { width_px: 250, height_px: 100 };
const at = (x, y, size = 100) => ({ x, y, size });

test("a square is moved inside and onto whole pixels", () => {
  assert.deepEqual(inside(at(-5, 0), scene), at(0, 0));
  assert.deepEqual(inside(at(151, 40), scene), at(150, 0));
  assert.deepEqual(inside(at(10.6, 0), scene), at(11, 0));
});

test("a square larger than the scene is made to fit", () => {
  assert.equal(fittingSize(scene, 299), 100);
  assert.equal(fittingSize(scene, 64), 64);
});

test("a tapped point becomes the middle, except at the edge", () => {
  assert.deepEqual(centredOn(125, 50, 100, scene), at(75, 0));
  assert.deepEqual(centredOn(249, 99, 40, scene), at(210, 60, 40));
});

test("arrow keys move by a quarter, finely by a thirty-second, and stop at the edge", () => {
  assert.deepEqual(afterKey(at(0, 0), "ArrowRight", false, scene), at(25, 0));
  assert.deepEqual(afterKey(at(0, 0), "ArrowRight", true, scene), at(3, 0));
  assert.deepEqual(afterKey(at(0, 0), "ArrowLeft", false, scene), at(0, 0));
  assert.deepEqual(afterKey(at(50, 0, 50), "ArrowDown", false, scene), at(50, 13, 50));
  assert.equal(afterKey(at(0, 0), "x", false, scene), null);
});

test("a fine step is never nothing", () => {
  assert.deepEqual(afterKey(at(0, 0, 16), "ArrowRight", true, scene), at(1, 0, 16));
});

test("cells cover the scene; the last one ends at the edge", () => {
  assert.deepEqual(cellStarts(250, 100), [0, 100, 150]);
  assert.deepEqual(cellStarts(200, 100), [0, 100]);
  assert.deepEqual(cellStarts(100, 100), [0]);
  assert.deepEqual(cells({ width_px: 200, height_px: 150 }, 100), [at(0, 0), at(100, 0), at(100, 50), at(0, 50)]);
});

test("a square is covered when its middle lies in another", () => {
  assert.equal(isCovered(at(0, 0), [at(50, 0)]), true);
  assert.equal(isCovered(at(0, 0), [at(51, 0)]), false);
  assert.equal(isCovered(at(0, 0), []), false);
});

test("the square hops to the next cell, over those that are done, and round to the top", () => {
  assert.deepEqual(nextCell(at(0, 0), [at(0, 0)], scene), at(100, 0));
  assert.deepEqual(nextCell(at(0, 0), [at(0, 0), at(100, 0)], scene), at(150, 0));
  assert.deepEqual(nextCell(at(150, 0), [at(150, 0)], scene), at(0, 0));
});

test("from between two cells it hops to the one after the cell that holds its middle", () => {
  assert.deepEqual(nextCell(at(40, 0), [], scene), at(100, 0));
});

test("at a row's end it turns, so that each hop goes to a neighbour", () => {
  const tall = { width_px: 200, height_px: 300 };
  const walk = [at(0, 0)];
  while (walk.length < 7) walk.push(nextCell(walk.at(-1), [], tall));
  assert.deepEqual(walk, [at(0, 0), at(100, 0), at(100, 100), at(0, 100), at(0, 200), at(100, 200), at(0, 0)]);
});

test("a finished scene has no next cell", () => {
  assert.equal(nextCell(at(150, 0), [at(0, 0), at(100, 0), at(150, 0)], scene), null);
});

test("coverage counts cells, not answers", () => {
  assert.deepEqual(coverage([at(0, 0), at(10, 0)], scene, 100), { done: 1, total: 3 });
});
