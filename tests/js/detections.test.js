import assert from "node:assert/strict";
import { test } from "node:test";
import { Detections } from "../../static/js/lib/detections.js";

const place = (id, score, run = 1) => ({ id, properties: { score, run } });

/** Answer requests with what `answers` gives for their URL; returns the URLs that were asked for. */
function serve(context, answers) {
  const asked = [];
  context.mock.method(globalThis, "fetch", async (path) => {
    asked.push(path);
    return new Response(JSON.stringify(answers(new URL(path, "http://damage.test"))));
  });
  return asked;
}

test("pages are followed, and each is shown as it comes", async (context) => {
  const pages = { 1: [place(1, 0.9), place(2, 0.8)], 2: [place(3, 0.7)] };
  const asked = serve(context, ({ searchParams }) => {
    const page = searchParams.get("page");
    return { count: 3, next: page === "1" ? "more" : null, features: pages[page] };
  });
  const found = new Detections(1);
  const seen = [];
  await found.load(undefined, () => seen.push(found.features.length));
  assert.deepEqual(seen, [2, 3]);
  assert.equal(asked.length, 2);
  assert.equal(found.isCut, false);
  assert.deepEqual(found.above(0.8).map(({ id }) => id), [1, 2]);
});

test("after ten pages the rest is left to whoever zooms in", async (context) => {
  const asked = serve(context, ({ searchParams }) => {
    const page = Number(searchParams.get("page"));
    return { count: 25_000, next: "more", features: [place(page, 1 - page / 100)] };
  });
  const found = new Detections(1);
  await found.load(undefined, () => {});
  assert.equal(asked.length, 10);
  assert.equal(found.total, 25_000);
  assert.equal(found.isCut, true);
});

test("what is loaded of a view is put among the rest by its score, once", async (context) => {
  const answers = [[place(1, 0.9), place(2, 0.2)], [place(3, 0.5), place(1, 0.9)], [place(3, 0.5)]];
  const asked = serve(context, () => ({ count: 3, next: null, features: answers.shift() }));
  const found = new Detections(1);
  await found.load(undefined, () => {});
  assert.equal(await found.loadWithin([36.9, 37.5, 37, 37.6]), true);
  assert.deepEqual(found.features.map(({ id }) => id), [1, 3, 2]);
  assert.match(decodeURIComponent(asked[1]), /bbox=36.9000000,37.5000000,37.0000000,37.6000000/);
  assert.equal(await found.loadWithin([36.9, 37.5, 37, 37.6]), false);
});

test("a shared place is asked for when it was not loaded, and refused from another run", async (context) => {
  const asked = serve(context, ({ pathname }) => (pathname.endsWith("/7/") ? place(7, 0.3) : place(8, 0.9, 2)));
  const found = new Detections(1);
  assert.equal((await found.find(7)).id, 7);
  assert.equal((await found.find(7)).id, 7);
  assert.equal(await found.find(8), null);
  assert.deepEqual(asked, ["/api/v1/detections/7/", "/api/v1/detections/8/"]);
});
