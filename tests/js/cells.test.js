import assert from "node:assert/strict";
import { test } from "node:test";
import { Cells } from "../../static/js/tagging/cells.js";

const at = (x, y, size = 100) => ({ x, y, size });
/** Two rows of three cells in 250 x 200 px; the last of the lower row shows no ground: bits 111 110. */
const facts = { size_px: 100, xs: [0, 75, 150], ys: [0, 100], asked: btoa(String.fromCharCode(0b11111000)) };

function walk(cells, from = null) {
  const found = [];
  for (let cell = cells.next(from); cell; cell = cells.next(cell)) {
    found.push([cell.x, cell.y]);
    cells.mark(cell);
  }
  return found;
}

test("cells are asked row by row, every second row backwards, and never without ground", () => {
  assert.deepEqual(walk(new Cells(facts)), [[0, 0], [75, 0], [150, 0], [75, 100], [0, 100]]);
});

test("after the last one it goes on from the top", () => {
  assert.deepEqual(walk(new Cells(facts), at(75, 100))[0], [0, 100]);
  assert.deepEqual(walk(new Cells(facts), at(0, 100))[0], [0, 0]);
});

test("an answered cell is done itself alone, and is not when it is taken back", () => {
  const cells = new Cells(facts);
  cells.mark(at(75, 0)); // lies on a quarter of each neighbour
  assert.deepEqual(cells.coverage, { done: 1, total: 5 });
  cells.mark(at(75, 0), -1);
  assert.deepEqual(cells.coverage, { done: 0, total: 5 });
});

test("a cell without ground is no progress", () => {
  const cells = new Cells(facts);
  cells.mark(at(150, 100));
  assert.deepEqual(cells.coverage, { done: 0, total: 5 });
});

test("another square counts for the cells that it covers by three quarters", () => {
  const cells = new Cells(facts);
  cells.mark(at(10, 10)); // 0.9 * 0.9 of the first, 0.35 * 0.9 of the second
  assert.deepEqual(cells.coverage, { done: 1, total: 5 });
  cells.mark(at(0, 0, 200)); // two columns and two rows whole, half of the third
  assert.deepEqual(cells.coverage, { done: 4, total: 5 });
  cells.mark(at(0, 0, 200), -1);
  assert.deepEqual(cells.coverage, { done: 1, total: 5 });
});

test("squares stand on whole and half cells", () => {
  const cells = new Cells(facts);
  assert.deepEqual(cells.snapped(at(10, 30)), at(0, 50));
  assert.deepEqual(cells.snapped(at(30, 20)), at(37, 0));
  assert.deepEqual(cells.snapped(at(-50, 900)), at(0, 100));
  assert.deepEqual(cells.snapped(at(149, 100, 40)), at(150, 100));
});

test("arrows move by half a cell or a whole one, and stop at the edge", () => {
  const cells = new Cells(facts);
  assert.deepEqual(cells.moved(at(0, 0), [1, 0], false), at(37, 0));
  assert.deepEqual(cells.moved(at(37, 0), [1, 0], false), at(75, 0));
  assert.deepEqual(cells.moved(at(0, 0), [0, 1], true), at(0, 100));
  assert.deepEqual(cells.moved(at(150, 0), [1, -1], true), at(150, 0));
});

test("a scene of one cell has one place", () => {
  const cells = new Cells({ size_px: 40, xs: [0], ys: [0], asked: btoa(String.fromCharCode(0b10000000)) });
  assert.deepEqual(cells.moved(at(0, 0, 40), [1, 1], true), at(0, 0, 40));
  assert.deepEqual(walk(cells), [[0, 0]]);
});

test("in a scene without any ground nothing is asked", () => {
  const cells = new Cells({ ...facts, asked: btoa(String.fromCharCode(0)) });
  assert.equal(cells.next(), null);
  assert.deepEqual(cells.first, at(0, 100)); // the fourth of six: somewhere in the middle
});
