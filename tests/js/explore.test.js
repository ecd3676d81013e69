import assert from "node:assert/strict";
import { test } from "node:test";
import { dragged, fitted, groupsOf, markPath, nearest, neighbour, pageOf, placed, SHAPES, showing, thumbnailOf, zoomed } from "../../static/js/explore/scatter-plot.js";

const corners = [{ x: -10, y: -5, town: "b" }, { x: 10, y: 5, town: "a" }, { x: 0, y: 0, town: "a" }];
const view = fitted(corners, { width: 448, height: 448 });

test("groups come by name, each with a tone and a shape of its own", () => {
  const groups = groupsOf(corners, "town");
  assert.deepEqual(groups.map((group) => [group.name, group.points.length, group.tone, group.shape]), [["a", 2, 0, 0], ["b", 1, 1, 1]]);
  assert.deepEqual(groupsOf([{ label: null }, { label: "yes" }], "label").map((group) => group.name), ["", "yes"]);
});

test("all of it fits the frame, with up pointing up", () => {
  assert.equal(view.unit, 20); // 400 px inside the margins for 20 units
  assert.deepEqual(placed(corners[0], view), { x: 24, y: 324 });
  assert.deepEqual(placed(corners[1], view), { x: 424, y: 124 });
});

test("the place under the pointer stands still while zooming", () => {
  const at = placed(corners[1], view);
  const closer = zoomed(view, 2, at);
  assert.equal(closer.scale, 2);
  assert.deepEqual(placed(corners[1], closer), at);
  assert.equal(zoomed(view, 0.1).scale, 1);
  assert.equal(zoomed(view, 1e9).scale, 40);
});

test("what is dragged moves with the hand", () => {
  assert.deepEqual(placed(corners[2], dragged(view, 30, -7)), { x: 254, y: 217 });
});

test("a point outside is brought just inside", () => {
  const closer = zoomed(view, 4);
  assert.ok(placed(corners[1], closer).x > closer.width);
  const there = placed(corners[1], showing(closer, corners[1]));
  assert.ok(Math.abs(there.x - 424) < 1e-9);
  assert.ok(Math.abs(there.y - 24) < 1e-9);
});

test("the nearest image within reach is meant, or none", () => {
  assert.equal(nearest(corners, view, { x: 28, y: 320 }, 20), corners[0]);
  assert.equal(nearest(corners, view, { x: 100, y: 300 }, 20), null);
});

test("arrow keys go to the next image that way", () => {
  assert.equal(neighbour(corners, corners[0], "ArrowRight"), corners[2]);
  assert.equal(neighbour(corners, corners[2], "ArrowRight"), corners[1]);
  assert.equal(neighbour(corners, corners[1], "ArrowRight"), null);
  assert.equal(neighbour(corners, corners[1], "ArrowDown"), corners[2]);
});

test("every shape is another path", () => {
  const paths = Array.from({ length: SHAPES }, (_, shape) => markPath(shape, 5, 5, 4));
  assert.equal(new Set(paths).size, SHAPES);
  for (const path of paths) assert.match(path, /^M[-\d. LaZ]+Z$/);
});

test("images have a thumbnail and a page", () => {
  assert.equal(thumbnailOf({ crop: 7, scene: 2 }), "/api/v1/crops/7/thumbnail.jpg");
  assert.equal(thumbnailOf({ scene: 2, tile: [3, 1, 0] }), "/api/v1/scenes/2/pixel-tiles/3/1/0.jpg");
  assert.equal(thumbnailOf({ scene: 2 }), "/api/v1/scenes/2/pixel-tiles/0/0/0.jpg");
  assert.equal(pageOf({ scene: 2 }, { 2: { kind: "photo" } }), "/photos/2/");
  assert.equal(pageOf({ scene: 2, tile: [0, 0, 0] }, { 2: { kind: "mosaic" } }), "/tag/explore/?scene=2");
  assert.equal(pageOf({ crop: 7, scene: null }, {}), "/api/v1/crops/7/image.png");
});
