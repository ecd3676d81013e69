import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../static/js/tagging/session.js";

const scene = { id: 5, width_px: 400, height_px: 200 };
const question = { slug: "damage" };
const at = (x, y = 0, size = 200) => ({ x, y, size });
const TWO_CELLS = { size_px: 200, xs: [0, 200], ys: [0], asked: btoa(String.fromCharCode(0b11000000)) };

/** A session whose cells arrive when `arrive` is called, and whose answers are sent at once. */
function sessionWith(mine, facts = TWO_CELLS) {
  let arrive;
  const cells = new Promise((resolve) => { arrive = () => resolve({ ...facts, mine }); });
  const waiting = [];
  const queue = {
    waiting,
    add: (body) => waiting.push({ id: `q${waiting.length}`, body }) && waiting.at(-1).id,
    settled: async () => {},
    withdraw: () => false,
  };
  const calls = [];
  const api = {
    get: () => cells,
    patch: async (path, body) => calls.push(["PATCH", path, body.answer]),
    remove: async (path) => calls.push(["DELETE", path]),
  };
  const drawn = [];
  const onTag = (square, tag) => drawn.push([square.x, tag?.answer ?? null]);
  return { session: new Session({ queue, api, onTag }), arrive, calls, drawn, send: () => waiting.splice(0) };
}

async function opened(mine, facts) {
  const all = sessionWith(mine, facts);
  const opening = all.session.open(scene, question);
  all.arrive();
  await opening;
  return all;
}

test("there is no square before the scene's cells are there", async () => {
  const { session, arrive } = sessionWith([]);
  const opening = session.open(scene, question);
  assert.equal(session.square, null);
  arrive();
  await opening;
  assert.deepEqual(session.square, at(0));
});

test("the square begins on the first place not tagged before", async () => {
  const { session } = await opened([[0, 0, 200, "positive", 1]]);
  assert.deepEqual(session.square, at(200));
  assert.deepEqual(session.coverage, { done: 1, total: 2 });
});

test("it begins where one asks for", async () => {
  const { session, arrive } = sessionWith([]);
  const opening = session.open(scene, question, at(33, 0, 100));
  arrive();
  await opening;
  assert.deepEqual(session.square, at(33, 0, 100));
});

test("undoing takes back to what the server says stood there before, whatever the page knew", async () => {
  const { session, calls, send } = await opened([]);
  session.answer("negative");
  session.keep(send()[0], { id: 1, answer_before: "positive" }); // from another device, which this page had not heard of
  await session.undo();
  session.square = at(200);
  session.answer("unsure");
  session.keep(send()[0], { id: 2, answer_before: "" });
  await session.undo();
  assert.deepEqual(calls, [["PATCH", "/api/v1/tags/1/", "positive"], ["DELETE", "/api/v1/tags/2/"]]);
  assert.deepEqual(session.tagged.map(({ x, answer }) => [x, answer]), [[0, "positive"]]);
});

test("only the squares that change are drawn again", async () => {
  const { session, drawn, send } = await opened([[0, 0, 200, "positive", 1]]);
  drawn.length = 0;
  session.answer("negative"); // on the second cell
  session.keep(send()[0], { id: 2, answer_before: "" });
  await session.undo();
  assert.deepEqual(drawn, [[200, "negative"], [200, null]]);
});

test("a tap on an answered square means that square, elsewhere one on whole or half cells", async () => {
  const { session } = await opened([[30, 10, 150, "positive", 1]]);
  assert.deepEqual(session.squareAt(40, 20), at(30, 10, 150));
  assert.deepEqual(session.squareAt(190, 100), at(100)); // its corner would be at 90
});

test("where nothing shows ground, it stands in the middle and has nowhere to hop", async () => {
  const { session } = await opened([], { ...TWO_CELLS, asked: btoa(String.fromCharCode(0)) });
  assert.deepEqual(session.square, at(200));
  assert.equal(session.answer("unsure"), false);
});
