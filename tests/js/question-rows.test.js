import assert from "node:assert/strict";
import { test } from "node:test";
import { coloursOf, moved, newAnswer } from "../../static/js/questions/rows.js";

test("a new answer counts as what none does yet", () => {
  assert.equal(newAnswer([]).counts_as, "positive");
  assert.equal(newAnswer([{ counts_as: "positive" }]).counts_as, "negative");
  assert.equal(newAnswer([{ counts_as: "negative" }, { counts_as: "positive" }]).counts_as, "neither");
});

test("an answer moves by one place and never leaves the list", () => {
  assert.deepEqual(moved(["a", "b", "c"], 2, -1), ["a", "c", "b"]);
  assert.deepEqual(moved(["a", "b", "c"], 0, 1), ["b", "a", "c"]);
  assert.deepEqual(moved(["a", "b", "c"], 0, -1), ["a", "b", "c"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, 1), ["a", "b", "c"]);
});

test("stored answers keep their colours and new ones take what is left", () => {
  const answers = [{ counts_as: "positive" }, { counts_as: "positive", colour: 0 }, { counts_as: "negative" }, { counts_as: "negative" }];
  assert.deepEqual(coloursOf(answers), [2, 0, 1, 3]);
});
