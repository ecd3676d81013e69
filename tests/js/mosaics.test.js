import assert from "node:assert/strict";
import { test } from "node:test";
import { comparable, gsdWords, mosaicAt, nativeZoom } from "../../static/js/map/mosaics.js";

test("tiles are asked for down to the mosaic's own resolution", () => {
  assert.equal(nativeZoom(156543.034, 0), 0);
  assert.equal(nativeZoom(0.5, 37.5), 18); // 156543 * cos(37.5) / 2^18 = 0.474 m
});

test("a mosaic is compared with others of the same ground", () => {
  const scene = (id, bounds_4326) => ({ id, bounds_4326 });
  const post = scene(1, [10, 10, 11, 11]);
  const scenes = [post, scene(2, [10.5, 9, 12, 10.5]), scene(3, [11, 10, 12, 11]), scene(4, null)];
  assert.deepEqual(comparable(scenes, post).map((each) => each.id), [2]);
});

test("pixels are worded in the unit that reads best", () => {
  assert.equal(gsdWords(0.4999), "50 cm");
  assert.equal(gsdWords(0.0247), "2.5 cm");
  assert.equal(gsdWords(1.25), "1.3 m");
});

test("a camera stands over the mosaic whose ground holds it", () => {
  const scenes = [{ id: 1, bounds_4326: null }, { id: 2, bounds_4326: [0, 0, 1, 1] }, { id: 3, bounds_4326: [1, 0, 3, 1] }];
  assert.equal(mosaicAt(scenes, [2, 0.5]).id, 3);
  assert.equal(mosaicAt(scenes, [2, 1.5]), null);
});
