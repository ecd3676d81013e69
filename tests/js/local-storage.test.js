import assert from "node:assert/strict";
import { test } from "node:test";
import { keeper } from "../../static/js/lib/local-storage.js";

test("what is kept is found again", () => {
  const items = new Map();
  const storage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) };
  keeper(() => storage).setItem("scene", "3");
  assert.equal(keeper(() => storage).getItem("scene"), "3");
});

test("a browser that forbids storage still remembers while the page is open", () => {
  const kept = keeper(() => {
    throw new Error("SecurityError");
  });
  assert.equal(kept.getItem("scene"), null);
  kept.setItem("scene", "3");
  assert.equal(kept.getItem("scene"), "3");
});

test("a full storage does not hide the newer value behind the older", () => {
  const storage = {
    getItem: () => "old",
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
  };
  const kept = keeper(() => storage);
  kept.setItem("queue", "new");
  assert.equal(kept.getItem("queue"), "new");
});
