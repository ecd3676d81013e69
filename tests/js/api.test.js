import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ApiError, cookie, get, getAll, Offline, post, retryAfterS, withQuery } from "../../static/js/lib/api.js";

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

globalThis.document = { cookie: "a=1; csrftoken=secret%3D" };
globalThis.location = { origin: "http://site.test" };

function answerWith(...answers) {
  const calls = [];
  globalThis.fetch = async (path, options) => {
    calls.push({ path, ...options });
    const [status, text] = answers[calls.length - 1];
    return new Response(text || null, { status });
  };
  return calls;
}

test("a cookie is found among others and decoded", () => {
  assert.equal(cookie("csrftoken"), "secret=");
  assert.equal(cookie("missing"), "");
});

test("empty parameters are left out of a query, zero is kept", () => {
  assert.equal(withQuery("/x/", { a: 1, b: "", c: null, d: undefined, e: 0 }), "/x/?a=1&e=0");
  assert.equal(withQuery("/x/"), "/x/");
});

test("a post sends JSON and the CSRF token", async () => {
  const [call] = [answerWith([201, '{"id": 3}'])];
  assert.deepEqual(await post("/t/", { answer: "positive" }), { id: 3 });
  assert.equal(call[0].headers["X-CSRFToken"], "secret=");
  assert.equal(call[0].body, '{"answer":"positive"}');
});

test("a refusal carries the server's reason and remedy", async () => {
  answerWith([400, '{"detail": "The square leaves the scene.", "remedy": "Move it inside."}']);
  await assert.rejects(post("/t/", {}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.detail, "The square leaves the scene.");
    assert.equal(error.remedy, "Move it inside.");
    assert.equal(error.isPassing, false);
    return true;
  });
});

test("errors of single fields are joined into words", async () => {
  answerWith([400, '{"answer": ["Not a choice."], "scene": ["No such scene."]}']);
  await assert.rejects(post("/t/", {}), { detail: "Not a choice. No such scene." });
});

test("an error page in HTML is told by its status, and may pass", async () => {
  answerWith([502, "<html>"]);
  await assert.rejects(get("/t/"), (error) => error.status === 502 && error.isPassing);
});

test("a request that does not arrive is Offline", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  await assert.rejects(get("/t/"), Offline);
});

test("all pages of a list are read, by path whatever the host", async () => {
  const calls = answerWith(
    [200, '{"results": [1, 2], "next": "http://inner:8000/t/?page=2"}'],
    [200, '{"results": [3], "next": null}'],
  );
  assert.deepEqual(await getAll("/t/", { mine: 1 }), [1, 2, 3]);
  assert.deepEqual(calls.map((call) => call.path), ["/t/?page_size=1000&mine=1", "/t/?page=2"]);
});

test("when to ask again is read in seconds and as a date", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  const said = (value) => retryAfterS(new Headers(value === null ? {} : { "Retry-After": value }), now);
  assert.equal(said("30"), 30);
  assert.equal(said("Thu, 26 Nov 2026 12:01:00 GMT"), 60);
  assert.equal(said("Thu, 26 Nov 2026 11:00:00 GMT"), 0);
  for (const value of ["soon", "", null]) assert.equal(said(value), null);
});

test("an error carries when to ask again", async () => {
  globalThis.fetch = async () => new Response('{"detail": "Too fast."}', { status: 429, headers: { "Retry-After": "7" } });
  await assert.rejects(post("/t/", {}), (error) => error.retryAfterS === 7 && error.isPassing && error.isTooMany && error.isTold);
});

test("401 asks to log in; 403 does not, and bars as well", () => {
  const [stranger, forbidden, wrong] = [401, 403, 400].map((status) => new ApiError(status, { detail: "no" }));
  assert.deepEqual([stranger, forbidden, wrong].map((error) => error.isLoggedOut), [true, false, false]);
  assert.deepEqual([stranger, forbidden, wrong].map((error) => error.isBarred), [true, true, false]);
});
