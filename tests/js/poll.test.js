import assert from "node:assert/strict";
import { test } from "node:test";
import { poll } from "../../static/js/lib/poll.js";

globalThis.document = { hidden: false };

const INTERVALS = { everyMs: 1, afterErrorMs: 2 };

test("one looks until the end is seen, also after an error, which is told", async () => {
  const seen = [false, new Error("gone"), false, true, true];
  const told = [];
  const look = async () => {
    const next = seen.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  await poll(look, { ...INTERVALS, onError: (error) => told.push(error.message) });
  assert.deepEqual(seen, [true]);
  assert.deepEqual(told, ["gone"]);
});

test("nobody looks while the page is hidden", async () => {
  let looks = 0;
  globalThis.document.hidden = true;
  const done = poll(async () => (looks += 1), { ...INTERVALS, firstMs: 0, onError: assert.fail });
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(looks, 0);
  globalThis.document.hidden = false;
  await done;
  assert.equal(looks, 1);
});
