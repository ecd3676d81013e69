import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, Offline } from "../../static/js/lib/api.js";
import { AnswerQueue } from "../../static/js/tagging/queue.js";

function memory(items = {}) {
  return { getItem: (key) => items[key] ?? null, setItem: (key, value) => { items[key] = value; }, items };
}

/** A queue whose `send` meets each outcome in turn: an error is thrown, anything else returned. */
function queueMeeting(...outcomes) {
  const sent = [];
  const send = async (body) => {
    sent.push(body);
    const outcome = outcomes[sent.length - 1];
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  const told = [];
  const handlers = {
    onSent: (item, tag) => told.push(["sent", item.body, tag]),
    onRefused: (item, error) => told.push(["refused", item.body, error.status]),
  };
  const queue = new AnswerQueue({ storage: memory(), key: "queue.7", send });
  return { queue, sent, told, handlers };
}

test("answers are sent in order and leave the queue", async () => {
  const { queue, told, handlers } = queueMeeting("tag a", "tag b");
  queue.add("a");
  queue.add("b");
  assert.equal(await queue.flush(handlers), null);
  assert.deepEqual(told, [["sent", "a", "tag a"], ["sent", "b", "tag b"]]);
  assert.deepEqual(queue.waiting, []);
});

for (const [name, error] of [
  ["offline", new Offline()],
  ["a busy server", new ApiError(503, null)],
  ["somebody logged out", new ApiError(403, { detail: "Log in." })],
]) {
  test(`with ${name} answers wait, and are sent later`, async () => {
    const { queue, told, handlers } = queueMeeting(error, "tag a", "tag b");
    queue.add("a");
    queue.add("b");
    assert.equal(await queue.flush(handlers), error);
    assert.equal(queue.waiting.length, 2);
    assert.equal(await queue.flush(handlers), null);
    assert.deepEqual(told, [["sent", "a", "tag a"], ["sent", "b", "tag b"]]);
  });
}

test("a refused answer is handed back and does not hold up the next", async () => {
  const { queue, told, handlers } = queueMeeting(new ApiError(400, { detail: "closed" }), "tag b");
  queue.add("a");
  queue.add("b");
  assert.equal(await queue.flush(handlers), null);
  assert.deepEqual(told, [["refused", "a", 400], ["sent", "b", "tag b"]]);
});

test("an answer can be withdrawn until it is sent", async () => {
  const { queue, sent, handlers } = queueMeeting("tag");
  const id = queue.add("a");
  assert.equal(queue.withdraw(id), true);
  await queue.flush(handlers);
  assert.deepEqual(sent, []);
  assert.equal(queue.withdraw(id), false);
});

test("two flushes at once send each answer once", async () => {
  const { queue, sent, handlers } = queueMeeting("tag");
  queue.add("a");
  await Promise.all([queue.flush(handlers), queue.flush(handlers)]);
  assert.deepEqual(sent, ["a"]);
});

test("an answer added while others are sent goes along", async () => {
  const { queue, sent, handlers } = queueMeeting("tag a", "tag b");
  queue.add("a");
  const flight = queue.flush(handlers);
  queue.add("b");
  await flight;
  assert.deepEqual(sent, ["a", "b"]);
});

test("answers outlive the page and belong to one person", () => {
  const storage = memory();
  new AnswerQueue({ storage, key: "queue.7" }).add("a");
  assert.equal(new AnswerQueue({ storage, key: "queue.7" }).waiting[0].body, "a");
  assert.deepEqual(new AnswerQueue({ storage, key: "queue.8" }).waiting, []);
});

test("a spoilt storage counts as empty", () => {
  const queue = new AnswerQueue({ storage: memory({ "queue.7": "{broken" }), key: "queue.7" });
  assert.deepEqual(queue.waiting, []);
});
