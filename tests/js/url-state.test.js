import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceFrom, finishedFirst, placesOf, runOf, searchOf } from "../../static/js/lib/url-state.js";

test("a choice survives the address", () => {
  const choice = { event: 1, town: 2, run: 30, min: 0.75, with: 4, place: 99 };
  assert.deepEqual(choiceFrom(searchOf(choice)), choice);
});

test("nonsense in the address is no choice", () => {
  const nothing = { event: null, town: null, run: null, min: null, with: null, place: null };
  assert.deepEqual(choiceFrom("?run=x&min=&event=2&other=1"), { ...nothing, event: 2 });
  assert.equal(searchOf(nothing), "");
});

test("finished runs come first, the newest of them at the top", () => {
  const runs = [{ id: 4, status: "failed" }, { id: 3, status: "done" }, { id: 2, status: "queued" }, { id: 1, status: "done" }];
  assert.deepEqual(finishedFirst(runs).map((run) => run.id), [3, 1, 4, 2]);
});

test("a choice means its run, else the best of its town, of its event, of all", () => {
  const run = (id, event, town, status = "done") => ({ id, event, town, status });
  const runs = [run(5, 1, 1), run(4, 2, 3, "failed"), run(3, 2, 3), run(2, 2, 4), run(1, 2, 3)];
  const chosen = (choice) => runOf(choice, runs).id;
  assert.equal(chosen({ event: 2, town: 3, run: 1 }), 1);
  assert.equal(chosen({ event: 2, town: 3, run: 77 }), 3);
  assert.equal(chosen({ event: 2, town: 77 }), 3);
  assert.equal(chosen({ event: 77, town: null, run: null }), 5);
  assert.equal(runOf({ run: 1 }, []), null);
});

test("events and towns of runs are listed once, by name", () => {
  const run = (event, event_name, town, town_name) => ({ event, event_name, town, town_name });
  const places = placesOf([run(2, "B", 5, "Y"), run(1, "A", 3, "Z"), run(2, "B", 4, "X"), run(2, "B", 5, "Y")]);
  assert.deepEqual(places.map((event) => [event.name, event.towns.map((town) => town.name)]), [["A", ["Z"]], ["B", ["X", "Y"]]]);
});

test("photos' runs come after those of mosaics, and unfinished ones last", () => {
  const run = (id, status, kind) => ({ id, status, scene_kind: kind });
  const runs = [run(4, "done", "photo"), run(3, "failed", "mosaic"), run(2, "done", "mosaic"), run(1, "queued", "photo")];
  assert.deepEqual(finishedFirst(runs).map(({ id }) => id), [2, 4, 3, 1]);
});
