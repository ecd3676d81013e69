import assert from "node:assert/strict";
import { test } from "node:test";
import { isBeingRead, workAt } from "../../static/js/trainings/reading.js";

const body = { id: "" };
const page = ({ found = null, activeElement = body, isCollapsed = true } = {}) => ({
  body,
  activeElement,
  querySelector: () => found,
  getSelection: () => ({ isCollapsed }),
});

test("a page that nobody touches may be loaded again", () => {
  assert.equal(isBeingRead(page()), false);
  assert.equal(isBeingRead(page({ activeElement: null })), false);
  assert.equal(isBeingRead(page({ activeElement: { id: "content" } })), false); // where the skip link leads
});

test("an open reason, a tick, a focus or a selection is not taken from its reader", () => {
  assert.equal(isBeingRead(page({ found: {} })), true);
  assert.equal(isBeingRead(page({ activeElement: { id: "" } })), true);
  assert.equal(isBeingRead(page({ isCollapsed: false })), true);
});

test("the work of a run is itself, or its newest proposal", () => {
  const run = { status: "done", promotions: [{ status: "queued" }, { status: "done" }] };
  assert.equal(workAt(run, "").status, "done");
  assert.equal(workAt(run, "promotion").status, "queued");
});
