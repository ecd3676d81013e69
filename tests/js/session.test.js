import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../static/js/tagging/session.js";

const scene = { id: 5, width_px: 400, height_px: 200 };
const question = { slug: "damage", crop_size_px: 200 };
const stored = (id, x, answer) => ({ id, x_px: x, y_px: 0, size_px: 200, answer });

/** A session whose list of earlier tags arrives when `arrive` is called, and whose answers are sent at once. */
function sessionWith(results) {
  let arrive;
  const list = new Promise((resolve) => { arrive = () => resolve({ results }); });
  const waiting = [];
  const queue = {
    waiting,
    add: (body) => waiting.push({ id: `q${waiting.length}`, body }) && waiting.at(-1).id,
    settled: async () => {},
    withdraw: () => false,
  };
  const calls = [];
  const api = {
    get: () => list,
    patch: async (path, body) => calls.push(["PATCH", path, body.answer]),
    remove: async (path) => calls.push(["DELETE", path]),
  };
  return { session: new Session({ queue, api }), arrive, calls, send: () => waiting.splice(0) };
}

test("the square begins on the first place not tagged before", async () => {
  const { session, arrive } = sessionWith([stored(1, 0, "positive")]);
  const opening = session.open(scene, question);
  arrive();
  await opening;
  assert.deepEqual(session.square, { x: 200, y: 0, size: 200 });
  assert.deepEqual(session.coverage, { done: 1, total: 2 });
});

test("a square that was moved meanwhile stays where it is", async () => {
  const { session, arrive } = sessionWith([stored(1, 0, "positive")]);
  const opening = session.open(scene, question);
  session.square = { x: 33, y: 0, size: 200 };
  arrive();
  await opening;
  assert.deepEqual(session.square, { x: 33, y: 0, size: 200 });
});

test("an answer given and taken back meanwhile does not come back with the list", async () => {
  const { session, arrive, send } = sessionWith([stored(1, 0, "positive")]);
  const opening = session.open(scene, question);
  session.answer("positive");
  session.keep(send()[0], { id: 1 });
  await session.undo();
  arrive();
  await opening;
  assert.deepEqual(session.tagged, []);
  assert.deepEqual(session.square, { x: 0, y: 0, size: 200 });
});

test("undoing a first answer deletes it, undoing a change restores what was there", async () => {
  const { session, arrive, calls, send } = sessionWith([stored(1, 0, "positive")]);
  const opening = session.open(scene, question);
  arrive();
  await opening;
  session.square = { x: 0, y: 0, size: 200 };
  session.answer("negative");
  session.keep(send()[0], { id: 1 });
  await session.undo();
  session.square = { x: 200, y: 0, size: 200 };
  session.answer("unsure");
  session.keep(send()[0], { id: 2 });
  await session.undo();
  assert.deepEqual(calls, [["PATCH", "/api/v1/tags/1/", "positive"], ["DELETE", "/api/v1/tags/2/"]]);
  assert.deepEqual(session.tagged.map(({ x, answer }) => [x, answer]), [[0, "positive"]]);
});
