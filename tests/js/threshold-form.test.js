import assert from "node:assert/strict";
import { test } from "node:test";
import { runsBeside } from "../../static/js/map/threshold-form.js";

test("a threshold comes from finished runs of the same model over other imagery, from before the event and of the own town first", () => {
  const run = (id, fields) => ({ id, status: "done", model_run: 1, scene: id, town: 7, ...fields });
  const asked = run(1);
  const runs = [asked, run(2, { town: 8 }), run(3), run(4, { model_run: 2 }), run(5, { status: "failed" }), run(6, { scene: 1 })];
  assert.deepEqual(runsBeside(asked, runs).map((each) => each.id), [3, 2]);
  const before = run(7, { scene_role: "before", town: 8 });
  assert.deepEqual(runsBeside(asked, [...runs, before]).map((each) => each.id), [7, 3, 2]);
});
