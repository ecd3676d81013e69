import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, choiceIn, span, wanted } from "../../static/js/tags/listing.js";

test("an address and the choice it names say the same", () => {
  const address = "?whose=everybody&question=damage&answer=unsure&page=3";
  assert.equal(addressOf(choiceIn(address)), address);
  assert.equal(addressOf(choiceIn("")), "");
});

test("a page that is no number is the first", () => {
  for (const page of ["x", "-1", "0", "1.5", ""]) assert.equal(choiceIn(`?page=${page}`).page, 1);
});

test("only one's own tags are asked for, unless everybody's are chosen", () => {
  assert.deepEqual(wanted(choiceIn("?answer=positive")), { mine: 1, question: "", answer: "positive", page: 1, page_size: 24 });
  assert.equal(wanted(choiceIn("?whose=everybody")).mine, "");
});

test("a page's rows are numbered on from the page before", () => {
  assert.deepEqual(span(1, 24, 30), { first: 1, last: 24, count: 30 });
  assert.deepEqual(span(2, 6, 30), { first: 25, last: 30, count: 30 });
});
