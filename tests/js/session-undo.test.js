import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../static/js/lib/api.js";
import { AnswerQueue } from "../../static/js/lib/answer-queue.js";
import { Session } from "../../static/js/tagging/session.js";

const scene = { id: 5, width_px: 200, height_px: 100 };
const question = { slug: "damage" };
const CELLS = { size_px: 100, xs: [0, 100], ys: [0], asked: btoa(String.fromCharCode(0b11000000)) };

/** A session whose server keeps tags in a list, and writes down what was asked of it. */
async function begin({ stored = [], before = "", fail = null } = {}) {
  const calls = [];
  const api = {
    get: async () => ({ ...CELLS, mine: stored }),
    patch: async (path, body) => { calls.push(["patch", path, body]); if (fail) throw fail; },
    post: async (path, body) => { calls.push(["post", path, body.answer, body.sent_as]); return { id: 88, answer_before: "" }; },
    remove: async (path) => { calls.push(["remove", path]); if (fail) throw fail; },
  };
  const items = {};
  const storage = {
    keys: () => Object.keys(items),
    getItem: (key) => items[key] ?? null,
    setItem: (key, value) => { items[key] = value; },
    removeItem: (key) => { delete items[key]; },
  };
  const queue = new AnswerQueue({ storage, key: "q", send: async () => ({ id: 77, answer_before: before }) });
  const session = new Session({ queue, api });
  await session.open(scene, question);
  const send = () => queue.flush({ onSent: (item, tag) => session.keep(item, tag), onRefused: (item) => session.drop(item) });
  return { session, queue, calls, send };
}

const tagAt = (x, answer) => [x, 0, 100, answer, 3];
const at = (x) => ({ x, y: 0, size: 100 });

test("an answer hops on, until nothing is left", async () => {
  const { session } = await begin();
  assert.equal(session.answer("positive"), true);
  assert.deepEqual(session.square, at(100));
  assert.equal(session.answer("negative"), false);
  assert.deepEqual(session.tagged.map(({ x, answer }) => [x, answer]), [[0, "positive"], [100, "negative"]]);
});

test("undo before the answer was sent asks the server nothing", async () => {
  const { session, queue, calls } = await begin();
  session.answer("positive");
  await session.undo();
  assert.deepEqual([session.square, session.tagged, queue.waiting, calls], [at(0), [], [], []]);
});

test("undo after it was sent deletes the tag", async () => {
  const { session, calls, send } = await begin();
  session.answer("positive");
  await send();
  await session.undo();
  assert.deepEqual(calls, [["remove", "/api/v1/tags/77/"]]);
  assert.equal(session.canUndo, false);
});

test("undo of a changed answer brings the earlier one back", async () => {
  const { session, calls, send } = await begin({ stored: [tagAt(0, "negative")], before: "negative" });
  session.square = at(0);
  session.answer("positive");
  await send();
  await session.undo();
  assert.deepEqual(calls, [["patch", "/api/v1/tags/77/", { answer: "negative" }]]);
  assert.equal(session.tagged[0].answer, "negative");
});

test("an undo that fails changes nothing and can be tried again", async () => {
  const { session, send } = await begin({ fail: new ApiError(503, null) });
  session.answer("positive");
  await send();
  await assert.rejects(session.undo());
  assert.equal(session.canUndo, true);
  assert.equal(session.tagged.length, 1);
});

test("answers still waiting from an earlier visit are drawn and not asked again", async () => {
  const { session, queue } = await begin();
  queue.add({ scene: 5, question: "damage", x_px: 0, y_px: 0, size_px: 100, answer: "unsure" });
  queue.add({ scene: 6, question: "damage", x_px: 100, y_px: 0, size_px: 100, answer: "unsure" });
  await session.open(scene, question);
  assert.deepEqual(session.square, at(100));
  assert.equal(session.tagged.length, 1);
});

test("the model is asked about the square answered last, never before an answer", async () => {
  const { session, send } = await begin();
  assert.equal(session.askable, null);
  session.answer("positive"); // and the square hops on
  assert.deepEqual(session.askable, { place: { scene: 5, x_px: 0, y_px: 0, size_px: 100, question: "damage" }, answer: "positive" });
  await send();
  await session.undo();
  assert.equal(session.askable, null);
});

test("on a square that is answered the model is asked about that one", async () => {
  const { session } = await begin({ stored: [tagAt(0, "negative")] });
  session.square = at(0);
  assert.deepEqual([session.askable.place.x_px, session.askable.answer], [0, "negative"]);
});

test("what another tab has sent is undone all the same", async () => {
  const { session, queue, calls } = await begin();
  session.answer("positive");
  const [{ id }] = queue.waiting;
  await queue.flush({ onSent: () => {}, onRefused: () => {} }); // the other tab is told, this one is not
  await session.undo();
  assert.deepEqual(calls, [["post", "/api/v1/tags/", "positive", id], ["remove", "/api/v1/tags/88/"]]);
});
