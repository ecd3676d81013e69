import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerQueue } from "../../static/js/lib/answer-queue.js";
import { ApiError } from "../../static/js/lib/api.js";
import { MOST_UNDONE, Places } from "../../static/js/quick/places.js";
import { swipeOf } from "../../static/js/quick/swipe.js";

const place = (x) => ({
  scene: 5, scene_name: "a.tif", town_name: "Altamira", x_px: x, y_px: 0, size_px: 100, picture: `/p/${x}.jpg`, receipt: `r${x}`,
});

/** Places whose server has the given batches to ask about, one a request, and then none. */
async function begin(batches, { before = "", fail = null } = {}) {
  const calls = [];
  const items = {};
  const storage = {
    keys: () => Object.keys(items),
    getItem: (key) => items[key] ?? null,
    setItem: (key, value) => { items[key] = value; },
    removeItem: (key) => { delete items[key]; },
  };
  const sent = [];
  const queue = new AnswerQueue({
    storage, key: "q", exclusively: (_, work) => work(), send: async (body) => { sent.push(body); return { id: body.x_px, answer_before: before }; },
  });
  const api = {
    get: async (path, params) => { calls.push(["get", params.count]); return { squares: batches.shift() ?? [], event_name: "Quake" }; },
    patch: async (path, body) => { calls.push(["patch", path, body.answer]); if (fail) throw fail; },
    remove: async (path) => { calls.push(["remove", path]); if (fail) throw fail; },
  };
  const places = new Places({ queue, api });
  await places.begin("damage");
  const send = () => queue.flush({ onSent: (item, tag) => places.keep(item, tag), onRefused: (item) => places.drop(item) });
  return { places, queue, calls, sent, send };
}

const xs = (places) => places.all.map(({ x_px: x }) => x);

test("one place comes after the other, each with its receipt, and each answer goes to the queue", async () => {
  const { places, sent, send } = await begin([[place(0), place(100)]]);
  assert.equal(places.here.x_px, 0);
  places.answer("positive");
  assert.equal(places.here.x_px, 100);
  await send();
  assert.deepEqual(sent.map(({ x_px, answer, receipt, question }) => [x_px, answer, receipt, question]), [[0, "positive", "r0", "damage"]]);
  assert.equal(places.count, 1);
});

test("more is asked for before the places run out, and none comes twice", async () => {
  const { places, calls } = await begin([[0, 1, 2].map(place), [1, 2, 3, 0].map(place)]);
  places.answer("negative"); // the server has not heard of it yet, and offers it again
  await places.more();
  assert.deepEqual(xs(places), [1, 2, 3]);
  assert.deepEqual(calls, [["get", 15], ["get", 15]]);
});

test("when the server has nothing more, it is not asked again and again", async () => {
  const { places, calls } = await begin([[place(0)], [place(0)]]); // it has not heard of the answer yet
  places.answer("negative");
  assert.equal(places.isThrough, false);
  await places.more();
  assert.equal(places.isThrough, true);
  await places.more();
  assert.equal(calls.length, 2);
});

test("undo brings the place back, and the server what stood there before", async () => {
  const { places, calls, send } = await begin([[place(0), place(100)]], { before: "unsure" });
  places.answer("positive");
  await send();
  await places.undo();
  assert.equal(places.here.x_px, 0);
  assert.deepEqual(calls.at(-1), ["patch", "/api/v1/tags/0/", "unsure"]);
  assert.deepEqual([places.count, places.canUndo], [0, false]);
});

test("undo of what has not left the device asks the server nothing", async () => {
  const { places, queue, calls } = await begin([[place(0)]]);
  places.answer("positive");
  await places.undo();
  assert.deepEqual([queue.waiting, calls.length, places.here.x_px], [[], 1, 0]);
});

test("an undo that fails changes nothing and can be tried again", async () => {
  const { places, send } = await begin([[place(0), place(100)]], { fail: new ApiError(503, null) });
  places.answer("positive");
  await send();
  await assert.rejects(places.undo());
  assert.deepEqual([places.canUndo, places.here.x_px, places.count], [true, 100, 1]);
});

test("the last ten can be undone", async () => {
  const { places } = await begin([Array.from({ length: 12 }, (_, x) => place(x))]);
  for (let count = 0; count < 12; count += 1) places.answer("negative");
  let undone = 0;
  for (; places.canUndo; undone += 1) await places.undo();
  assert.equal(undone, MOST_UNDONE);
  assert.equal(places.here.x_px, 2);
});

test("the next five are prepared, and as many as were taken along", async () => {
  const many = Array.from({ length: 60 }, (_, x) => place(x));
  const { places, calls } = await begin([many.slice(0, 15), many.slice(15)]);
  assert.equal(places.soon.length, 6);
  await places.more(50);
  assert.deepEqual(calls.at(-1), ["get", 50]);
  assert.equal(places.soon.length, 51);
});

test("a swipe is long and straight, or none", () => {
  assert.equal(swipeOf(80, 10), "right");
  assert.equal(swipeOf(-80, -10), "left");
  assert.equal(swipeOf(5, -90), "up");
  assert.equal(swipeOf(5, 90), null); // down means nothing
  assert.equal(swipeOf(40, 0), null); // short
  assert.equal(swipeOf(80, 70), null); // askew
});
