import assert from "node:assert/strict";
import { test } from "node:test";
import { choiceFrom, finishedFirst, placesOf, runOf, searchOf } from "../../static/js/lib/url-state.js";
import { comparable, gsdWords, mosaicAt, nativeZoom } from "../../static/js/map/mosaics.js";
import { durationWords } from "../../static/js/lib/duration.js";
import { coordinateWords, countAbove, histogram, scoreWords, sideM, stepOf, STEPS, stepWords } from "../../static/js/map/scores.js";

const scored = (...scores) => scores.map((score) => ({ properties: { score } }));

test("a score belongs to the highest step that it reaches", () => {
  assert.equal(stepOf(0).from, 0);
  assert.equal(stepOf(0.4999).from, 0);
  assert.equal(stepOf(0.5).from, 0.5);
  assert.equal(stepOf(1).from, 0.95);
});

test("steps grow with the score, so that colour is not needed", () => {
  for (let i = 1; i < STEPS.length; i += 1) assert.ok(STEPS[i].radius_px > STEPS[i - 1].radius_px);
});

/** WCAG 2 relative luminance of "#rrggbb". */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("each step is darker than the one below it, so that hues need not be seen", () => {
  for (let i = 1; i < STEPS.length; i += 1) {
    const contrast = (luminance(STEPS[i - 1].colour) + 0.05) / (luminance(STEPS[i].colour) + 0.05);
    assert.ok(contrast > 1.3, `step ${i}: ${contrast}`);
  }
});

test("the legend says where each step begins, and the lowest where it ends", () => {
  assert.deepEqual(STEPS.map(stepWords), ["< 0.50", "≥ 0.50", "≥ 0.70", "≥ 0.85", "≥ 0.95"]);
});

test("scores are counted in equal parts, the last of which holds 1", () => {
  assert.deepEqual(histogram(scored(1, 0.99, 0.75, 0.5, 0.49, 0), 4), [1, 1, 1, 3]);
});

test("a score is never worded higher than it is", () => {
  assert.equal(scoreWords(0.9999), "0.999");
  assert.equal(scoreWords(0.99), "0.990");
  assert.equal(scoreWords(0.9899), "0.98");
  assert.equal(scoreWords(0.29), "0.29");
  assert.equal(scoreWords(1), "1.00");
});

test("coordinates are worded latitude first", () => {
  assert.equal(coordinateWords([-96.5483846, 17.0171284]), "17.017128, -96.548385");
});

test("of sorted features those that reach the score are counted", () => {
  assert.equal(countAbove(scored(0.9, 0.8, 0.8, 0.1), 0.8), 3);
  assert.equal(countAbove(scored(0.9, 0.1), 0.95), 0);
  assert.equal(countAbove(scored(0.9, 0.1), 0), 2);
  assert.equal(countAbove([], 0), 0);
});

test("a thousandth of a degree is 111 m along the equator and half of that at 60 degrees", () => {
  assert.ok(Math.abs(sideM([[0, 0], [0.001, 0]]) - 111.195) < 0.01);
  assert.ok(Math.abs(sideM([[0, 60], [0.001, 60]]) - 55.597) < 0.01);
});

test("tiles are asked for down to the mosaic's own resolution", () => {
  assert.equal(nativeZoom(156543.034, 0), 0);
  assert.equal(nativeZoom(0.5, 37.5), 18); // 156543 * cos(37.5) / 2^18 = 0.474 m
});

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

test("a mosaic is compared with others of the same ground", () => {
  const scene = (id, bounds_4326) => ({ id, bounds_4326 });
  const post = scene(1, [10, 10, 11, 11]);
  const scenes = [post, scene(2, [10.5, 9, 12, 10.5]), scene(3, [11, 10, 12, 11]), scene(4, null)];
  assert.deepEqual(comparable(scenes, post).map((each) => each.id), [2]);
});

test("pixels are worded in the unit that reads best", () => {
  assert.equal(gsdWords(0.4999), "50 cm");
  assert.equal(gsdWords(0.0247), "2.5 cm");
  assert.equal(gsdWords(1.25), "1.3 m");
});

test("events and towns of runs are listed once, by name", () => {
  const run = (event, event_name, town, town_name) => ({ event, event_name, town, town_name });
  const places = placesOf([run(2, "B", 5, "Y"), run(1, "A", 3, "Z"), run(2, "B", 4, "X"), run(2, "B", 5, "Y")]);
  assert.deepEqual(places.map((event) => [event.name, event.towns.map((town) => town.name)]), [["A", ["Z"]], ["B", ["X", "Y"]]]);
});

test("lengths of time are worded as roughly as they are known", () => {
  assert.equal(durationWords(2, "en"), "10 seconds");
  assert.equal(durationWords(44, "en"), "40 seconds");
  assert.equal(durationWords(58, "en"), "1 minute");
  assert.equal(durationWords(190, "es"), "3 minutos");
  assert.equal(durationWords(7300, "en"), "2 hours");
});

test("photos' runs come after those of mosaics, and unfinished ones last", () => {
  const run = (id, status, kind) => ({ id, status, scene_kind: kind });
  const runs = [run(4, "done", "photo"), run(3, "failed", "mosaic"), run(2, "done", "mosaic"), run(1, "queued", "photo")];
  assert.deepEqual(finishedFirst(runs).map(({ id }) => id), [2, 4, 3, 1]);
});

test("a camera stands over the mosaic whose ground holds it", () => {
  const scenes = [{ id: 1, bounds_4326: null }, { id: 2, bounds_4326: [0, 0, 1, 1] }, { id: 3, bounds_4326: [1, 0, 3, 1] }];
  assert.equal(mosaicAt(scenes, [2, 0.5]).id, 3);
  assert.equal(mosaicAt(scenes, [2, 1.5]), null);
});
