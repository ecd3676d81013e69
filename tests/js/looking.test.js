import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LEAST_LOOK_MS, Looking } from "../../static/js/lib/looking.js";

function begin(t) {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  let now = 0;
  const told = [];
  const looking = new Looking({ onChange: (isAllowed) => told.push(isAllowed), now: () => now });
  const pass = (ms) => { now += ms; mock.timers.tick(ms); };
  return { looking, told, pass };
}

test("no answer before the picture is drawn, however long one waits", (t) => {
  const { looking, told, pass } = begin(t);
  looking.anew();
  pass(60_000);
  assert.equal(looking.isAllowed, false);
  assert.deepEqual(told, []);
});

test("once it is drawn an answer is possible after a moment", (t) => {
  const { looking, told, pass } = begin(t);
  looking.anew();
  looking.seen(true);
  pass(LEAST_LOOK_MS - 1);
  assert.equal(looking.isAllowed, false);
  pass(1);
  assert.equal(looking.isAllowed, true);
  assert.deepEqual(told, [true]);
});

test("the next picture is not answered by the second tap, even where it was drawn before", (t) => {
  const { looking, told, pass } = begin(t);
  looking.seen(true);
  pass(1000);
  looking.anew();
  assert.equal(looking.isAllowed, false);
  pass(LEAST_LOOK_MS);
  assert.deepEqual(told, [true, false, true]);
});

test("a picture that goes away takes the possibility with it", (t) => {
  const { looking, pass } = begin(t);
  looking.seen(true);
  pass(LEAST_LOOK_MS);
  looking.seen(false);
  assert.equal(looking.isAllowed, false);
  pass(1000);
  assert.equal(looking.isAllowed, false);
});
