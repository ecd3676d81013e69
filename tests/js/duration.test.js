import assert from "node:assert/strict";
import { test } from "node:test";
import { durationWords } from "../../static/js/lib/duration.js";

test("lengths of time are worded as roughly as they are known", () => {
  assert.equal(durationWords(2, "en"), "10 seconds");
  assert.equal(durationWords(44, "en"), "40 seconds");
  assert.equal(durationWords(58, "en"), "1 minute");
  assert.equal(durationWords(190, "es"), "3 minutos");
  assert.equal(durationWords(7300, "en"), "2 hours");
});
