import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, Offline } from "../../static/js/lib/api.js";
import { keeper } from "../../static/js/lib/local-storage.js";
import { AnswerQueue } from "../../static/js/lib/answer-queue.js";

/** A browser's storage, with room for so many items. */
function storage(room = Infinity) {
  const items = new Map();
  return {
    items,
    get length() { return items.size; },
    key: (index) => [...items.keys()][index],
    getItem: (key) => items.get(key) ?? null,
    removeItem: (key) => items.delete(key),
    setItem: (key, value) => {
      if (!items.has(key) && items.size >= room) throw new Error("QuotaExceededError");
      items.set(key, value);
    },
  };
}

const square = (x_px, answer = "positive") => ({ scene: 1, x_px, y_px: 0, size_px: 9, question: "damage", answer });
const refusal = (status) => new ApiError(status, { detail: "No.", remedy: "Do otherwise." });

/** A queue whose server answers by the square's place: `fate[x]` is an error or a list of what happens in turn. */
function begin({ fate = {}, kept = storage(), key = "queue.7" } = {}) {
  const sent = [];
  const clock = { ms: 1_000_000 };
  const send = async (body) => {
    sent.push(body.x_px);
    const outcomes = fate[body.x_px];
    const outcome = Array.isArray(outcomes) ? outcomes.shift() : outcomes;
    if (outcome instanceof Error) throw outcome;
    return `tag ${body.x_px}`;
  };
  const told = [];
  const handlers = {
    onSent: (item, tag) => told.push(["sent", tag]),
    onRefused: (item, error) => told.push(["refused", item.body.x_px, error.status]),
  };
  const make = () => new AnswerQueue({ storage: keeper(() => kept), key, send, now: () => clock.ms, exclusively: (_, work) => work() });
  const queue = make();
  return { queue, make, sent, told, clock, kept, flush: () => queue.flush(handlers) };
}

const places = (items) => items.map(({ body }) => body.x_px);

test("answers are sent in order and leave the queue", async () => {
  const { queue, told, flush, kept } = begin();
  for (let x = 0; x < 20; x += 1) queue.add(square(x)); // all within one millisecond
  assert.equal(await flush(), null);
  assert.deepEqual(told, Array.from({ length: 20 }, (_, x) => ["sent", `tag ${x}`]));
  assert.deepEqual(queue.waiting, []);
  assert.equal(kept.items.size, 0);
});

for (const [name, error] of [
  ["offline", new Offline()],
  ["somebody logged out (403)", new ApiError(403, { detail: "Log in." })],
  ["somebody logged out (401)", new ApiError(401, null)],
]) {
  test(`with ${name} all answers wait, and are sent later`, async () => {
    const { queue, sent, told, flush } = begin({ fate: { 1: [error] } });
    queue.add(square(1));
    queue.add(square(2));
    assert.equal(await flush(), error);
    assert.deepEqual(sent, [1]);
    assert.equal(queue.waiting.length, 2);
    assert.deepEqual(queue.troubled, []); // nothing is wrong with them
    assert.equal(await flush(), null);
    assert.deepEqual(told, [["sent", "tag 1"], ["sent", "tag 2"]]);
  });
}

test("who sends too many waits as long as the server says", async () => {
  const tooMany = new ApiError(429, { detail: "Too fast." }, { retryAfterS: 30 });
  const { queue, sent, clock, flush } = begin({ fate: { 1: [tooMany] } });
  queue.add(square(1));
  queue.add(square(2));
  assert.equal(await flush(), tooMany);
  clock.ms += 29_999;
  assert.equal(await flush(), tooMany);
  assert.deepEqual(sent, [1]);
  clock.ms += 1;
  assert.equal(await flush(), null);
  assert.deepEqual(sent, [1, 1, 2]);
});

for (const status of [400, 404, 409, 410, 413, 422]) {
  test(`an answer refused with ${status} is kept with the reason, and holds up no other`, async () => {
    const { queue, make, sent, told, flush } = begin({ fate: { 1: refusal(status) } });
    queue.add(square(1), { sceneName: "street.jpg" });
    queue.add(square(2));
    assert.equal(await flush(), null);
    assert.deepEqual(told, [["refused", 1, status], ["sent", "tag 2"]]);
    const [item] = make().refused; // after a reload too
    assert.deepEqual(item.refusal, { status, detail: "No.", remedy: "Do otherwise." });
    assert.equal(item.about.sceneName, "street.jpg");
    await flush();
    assert.deepEqual(sent, [1, 2]); // it is not sent again by itself
    queue.discard(item.id);
    assert.deepEqual(make().refused, []);
  });
}

test("another answer for the same square takes a refused one's place, and gives it back when undone", async () => {
  const { queue, flush, told } = begin({ fate: { 1: [refusal(400), refusal(400)] } });
  queue.add(square(1));
  await flush();
  const second = queue.add(square(1, "negative"));
  assert.deepEqual([queue.refused.length, queue.waiting.length], [0, 1]);
  queue.withdraw(second);
  assert.deepEqual([queue.refused.length, queue.waiting.length], [1, 0]);
  queue.add(square(1, "unsure"));
  await flush();
  assert.equal(queue.refused[0].body.answer, "unsure");
  queue.add(square(1, "negative"));
  assert.equal(await flush(), null);
  assert.deepEqual(told.at(-1), ["sent", "tag 1"]);
  assert.deepEqual(queue.troubled, []);
});

test("an answer that the server cannot store is set aside, and the others go on", async () => {
  const { queue, make, told, clock, flush } = begin({ fate: { 1: new ApiError(500, null) } });
  for (const x of [1, 2, 3]) queue.add(square(x));
  assert.equal(await flush(), 500);
  assert.deepEqual(told, [["sent", "tag 2"], ["sent", "tag 3"]]);
  const [item] = make().troubled; // its author sees it, after a reload too
  assert.deepEqual([item.body.x_px, item.tries, item.problem], [1, 1, 500]);
  for (let x = 4; x < 50; x += 1) { // hours later it has still held up nothing
    queue.add(square(x));
    await flush();
    clock.ms += 600_000;
  }
  assert.deepEqual(told.slice(2), Array.from({ length: 46 }, (_, n) => ["sent", `tag ${n + 4}`]));
  assert.deepEqual(places(queue.waiting), [1]);
});

test("an answer that was set aside is tried again, later each time, and arrives in the end", async () => {
  const broken = new ApiError(500, null);
  const { queue, sent, clock, flush } = begin({ fate: { 1: [broken, broken, broken] } });
  queue.add(square(1));
  const times = [];
  for (let second = 0; second < 60 && queue.waiting.length; second += 1) {
    const before = sent.length;
    await flush();
    if (sent.length > before) times.push(second);
    clock.ms += 1000;
  }
  assert.deepEqual(times, [0, 5, 15, 35]); // 5, 10, 20 s after one another
  assert.deepEqual(queue.troubled, []);
});

test("a server in trouble is not asked for every answer, and is believed when it says how long", async () => {
  const busy = new ApiError(503, { detail: "The disk is full." }, { retryAfterS: 60 });
  const fate = Object.fromEntries(Array.from({ length: 100 }, (_, x) => [x, [busy]]));
  const { queue, sent, clock, flush } = begin({ fate });
  for (let x = 0; x < 100; x += 1) queue.add(square(x));
  assert.equal(await flush(), busy);
  assert.deepEqual(sent, [0, 1]);
  clock.ms += 59_999;
  await flush();
  assert.equal(sent.length, 2);
  for (const x of Object.keys(fate)) fate[x] = [];
  clock.ms += 1;
  assert.equal(await flush(), null);
  assert.deepEqual(queue.waiting, []);
});

test("a whole scene that cannot be stored holds up no other scene for good", async () => {
  const fate = Object.fromEntries(Array.from({ length: 10 }, (_, x) => [x, new ApiError(503, { detail: "gone" })]));
  const { queue, told, clock, flush } = begin({ fate });
  for (let x = 0; x < 12; x += 1) queue.add(square(x));
  for (let minute = 0; minute < 120; minute += 1) {
    await flush();
    clock.ms += 60_000;
  }
  assert.deepEqual(told, [["sent", "tag 10"], ["sent", "tag 11"]]);
  assert.equal(queue.waiting.length, 10);
});

test("when the network is back, nothing waits for its time", async () => {
  const { queue, clock, flush } = begin({ fate: { 1: [new ApiError(500, null)] } });
  queue.add(square(1));
  await flush();
  clock.ms += 1;
  queue.hurry();
  assert.equal(await flush(), null);
  assert.deepEqual(queue.waiting, []);
});

test("an answer can be withdrawn until it is sent", async () => {
  const { queue, sent, flush } = begin();
  const id = queue.add(square(1));
  assert.equal(queue.withdraw(id), true);
  await flush();
  assert.deepEqual(sent, []);
  assert.equal(queue.withdraw(id), false);
});

test("an answer withdrawn while it is refused does not come back", async () => {
  const { queue, flush, told } = begin({ fate: { 1: [refusal(400)] } });
  const id = queue.add(square(1));
  const flight = flush();
  queue.withdraw(id);
  await flight;
  assert.deepEqual([queue.troubled, told], [[], []]);
});

test("two flushes at once send each answer once", async () => {
  const { queue, sent, flush } = begin();
  queue.add(square(1));
  await Promise.all([flush(), flush()]);
  assert.deepEqual(sent, [1]);
});

test("an answer added while others are sent goes along", async () => {
  const { queue, sent, flush } = begin();
  queue.add(square(1));
  const flight = flush();
  queue.add(square(2));
  await flight;
  assert.deepEqual(sent, [1, 2]);
});

test("two tabs lose nothing of each other's, and send one after the other", async () => {
  const kept = storage();
  const sent = [];
  let turn = Promise.resolve();
  const exclusively = (_, work) => (turn = turn.then(work));
  const tab = () => new AnswerQueue({
    storage: keeper(() => kept), key: "queue.7", exclusively, send: async (body) => { sent.push(body.x_px); return "tag"; },
  });
  const [one, other] = [tab(), tab()];
  for (let x = 0; x < 6; x += 1) (x % 2 ? one : other).add(square(x));
  assert.equal(one.waiting.length, 6);
  const handlers = { onSent: () => {}, onRefused: () => {} };
  await Promise.all([one.flush(handlers), other.flush(handlers)]);
  assert.deepEqual(sent.toSorted(), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(other.waiting, []);
});

test("with no room left on the device answers are sent all the same, and that is known", async () => {
  const kept = storage(1);
  const device = keeper(() => kept);
  const sent = [];
  const queue = new AnswerQueue({ storage: device, key: "q", exclusively: (_, work) => work(), send: async (body) => { sent.push(body.x_px); } });
  queue.add(square(1));
  assert.equal(device.isKept("q"), true);
  queue.add(square(2));
  assert.equal(device.isKept("q"), false);
  assert.deepEqual(places(queue.waiting), [1, 2]);
  await queue.flush({ onSent: () => {}, onRefused: () => {} });
  assert.deepEqual(sent, [1, 2]);
  assert.equal(device.isKept("q"), true);
});

test("answers outlive the page and belong to one person", () => {
  const { queue, make, kept } = begin({ key: "queue.7" });
  queue.add(square(1));
  assert.deepEqual(places(make().waiting), [1]);
  assert.deepEqual(begin({ kept, key: "queue.8" }).queue.waiting, []);
  assert.deepEqual(begin({ kept, key: "queue.77" }).queue.waiting, []);
});

test("answers that an earlier version of the page kept are sent", async () => {
  const kept = storage();
  const old = [{ id: "1764150000000-abc", body: square(1) }, { id: "1764150000001-abd", body: square(2) }];
  kept.setItem("queue.7", JSON.stringify(old));
  const { queue, sent, flush } = begin({ kept });
  queue.add(square(3));
  assert.equal(await flush(), null);
  assert.deepEqual(sent.toSorted(), [1, 2, 3]);
  assert.equal(kept.items.size, 0);
});

for (const spoilt of ["{broken", "null", "[1, null, {}]", '"words"']) {
  test(`a storage spoilt with ${spoilt} counts as empty`, () => {
    const kept = storage();
    kept.setItem("queue.7", spoilt);
    kept.setItem("queue.7.x", spoilt);
    assert.deepEqual(begin({ kept }).queue.waiting, []);
  });
}
