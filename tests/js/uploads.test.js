import assert from "node:assert/strict";
import { test } from "node:test";
import { keyOf, sorted } from "../../static/js/uploads/choosing.js";
import { Queue } from "../../static/js/uploads/queue.js";

const SUFFIXES = { photo: [".jpg", ".tif"], raw: [".dng"], other: [".webp"] };
const file = (path, size = 10) => ({ name: path.split("/").at(-1), webkitRelativePath: path, size, lastModified: 1 });

test("a camera's card is sorted: photos, raw photos, what is not read, films; hidden files are passed over", () => {
  const paths = ["DCIM/1/A.JPG", "DCIM/1/A.DNG", "DCIM/1/B.WEBP", "DCIM/1/C.MP4", "DCIM/1/D.MP4", "DCIM/1/._A.JPG", ".Trash/E.JPG", "DCIM/README"];
  const { images, raw, unread, others } = sorted(paths.map((path) => file(path)), SUFFIXES);
  assert.deepEqual([images, raw, unread].map((files) => files.map((each) => each.name)), [["A.JPG"], ["A.DNG"], ["B.WEBP"]]);
  assert.deepEqual([...others], [[".mp4", 2], ["", 1]]);
});

test("a file is known again whichever way its accents are written, and not when it changed", () => {
  const about = { event: "Oaxaca  2017 ", town: "Juchitán", name: "Dami\u0061\u0301n.jpg", size: 3, modified: 5 };
  assert.equal(keyOf(about), keyOf({ ...about, event: "Oaxaca 2017", name: "Damián.jpg" }));
  assert.notEqual(keyOf(about), keyOf({ ...about, modified: 6 }));
  assert.notEqual(keyOf(about), keyOf({ ...about, town: "Ixtaltepec" }));
});

/** A queue whose files are sent when the test says so. */
function queueOf(names, { atOnce = 2 } = {}) {
  const sending = new Map();
  const stopped = [];
  const queue = new Queue({
    atOnce,
    changed: () => {},
    send: (item, told) => {
      sending.set(item.name, told);
      return () => stopped.push(item.name);
    },
  });
  for (const name of names) queue.choose(name, { name, size: 10, file: {} });
  const states = () => Object.fromEntries(queue.items.map((item) => [item.name, item.state]));
  return { queue, sending, stopped, states };
}

test("a few are sent at once, and the next begins when one is through", () => {
  const { queue, sending, states } = queueOf(["a", "b", "c"]);
  assert.deepEqual(states(), { a: "sending", b: "sending", c: "waiting" });
  sending.get("a").onSent();
  assert.deepEqual(states(), { a: "checking", b: "sending", c: "sending" });
  sending.get("b").onRefused("too long");
  assert.equal(queue.items[1].reason, "too long");
  assert.equal(states().b, "refused");
});

test("pausing stops all, going on begins where it was, and what a stopped one says late counts for nothing", () => {
  const { queue, sending, stopped, states } = queueOf(["a", "b", "c"]);
  queue.pause();
  assert.deepEqual(states(), { a: "paused", b: "paused", c: "paused" });
  assert.deepEqual(stopped, ["a", "b"]);
  sending.get("a").onSent();
  assert.equal(states().a, "paused");
  queue.resume();
  assert.deepEqual(states(), { a: "sending", b: "sending", c: "waiting" });
});

test("what bars one bars all, with the reason", () => {
  const { queue, sending, states } = queueOf(["a", "b", "c"]);
  sending.get("b").onBarred("no room");
  assert.deepEqual(states(), { a: "paused", b: "paused", c: "paused" });
  assert.equal(queue.items[1].reason, "no room");
  assert.ok(queue.isPaused);
});

test("the server's rows: what was begun elsewhere waits for its file; what is decided is not sent again", () => {
  const { queue, states } = queueOf([]);
  const row = { file_name: "a", size_bytes: 10, offset_bytes: 4, reason: "", note: "", scene: null, town_name: "T" };
  queue.learn("a", { ...row, id: "1", state: "sending" });
  queue.learn("b", { ...row, file_name: "b", id: "2", state: "added" });
  queue.learn("c", { ...row, file_name: "c", id: "3", state: "refused", reason: "broken" });
  assert.deepEqual(states(), { a: "paused", b: "added", c: "refused" });
  queue.resume();
  assert.equal(states().a, "paused");
  assert.ok(queue.choose("a", { name: "a", size: 10, file: {} }));
  assert.ok(!queue.choose("b", { name: "b", size: 10, file: {} }));
  assert.ok(queue.choose("c", { name: "c", size: 10, file: {} }));
  assert.deepEqual(states(), { a: "sending", b: "added", c: "sending" });
  assert.equal(queue.items.find((item) => item.name === "a").id, "1");
});

test("a fate that is known before the sender heard the end stays", () => {
  const { queue, sending, states } = queueOf(["a"]);
  queue.items[0].id = "1";
  queue.learn("a", { id: "1", state: "added", file_name: "a", size_bytes: 10, offset_bytes: 10, reason: "", note: "", scene: 7 });
  sending.get("a").onSent();
  assert.equal(states().a, "added");
  assert.deepEqual(queue.progress(), { there: 10, all: 10 });
});
