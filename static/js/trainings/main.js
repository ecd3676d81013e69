/** Pages of the training lab: what is going on tells how far it is, in its place; the page is not loaded again meanwhile. */
import "./trainings.css";
import { get } from "../lib/api.js";
import { durationWords } from "../lib/duration.js";
import { wordsFor } from "../lib/error-messages.js";
import { language } from "../lib/page.js";
import { poll } from "../lib/poll.js";
import { isBeingRead, workAt } from "./reading.js";

const POLL_MS = 5_000;
const part = (place, name) => place.querySelector(`[data-part="${name}"]`);

function progressWords({ step_words: step, units_done: done, units_total: total, seconds_left: left }) {
  if (!total) return step;
  const words = `${step}: ${done} / ${total}`;
  return left === null || left === undefined ? words : `${words} · ${durationWords(left, language)}`;
}

function show(place, work) {
  const bar = part(place, "progress");
  bar.hidden = !work.units_total;
  bar.max = work.units_total || 1;
  bar.value = work.units_done;
  part(place, "words").textContent = progressWords(work);
}

/** It came to its end: show what the server says now, unless that would take the page from under somebody's eyes. */
function renew(place) {
  if (!isBeingRead(document)) return location.reload();
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button small";
  button.textContent = gettext("There is news: show it");
  button.addEventListener("click", () => location.reload());
  part(place, "progress").hidden = true;
  part(place, "words").replaceChildren(button);
}

/** Look at a piece of work until it is settled. */
function follow(place) {
  async function look() {
    const work = workAt(await get(place.dataset.work), place.dataset.of);
    const isSettled = !work || work.status !== place.dataset.status || Boolean(work.is_stalled) !== ("stalled" in place.dataset);
    if (isSettled) renew(place);
    else show(place, work);
    return isSettled;
  }
  const onError = (error) => { part(place, "words").textContent = wordsFor(error); }; // stays until the next look
  return poll(look, { everyMs: POLL_MS, afterErrorMs: 4 * POLL_MS, onError });
}

for (const place of document.querySelectorAll("[data-work]")) follow(place);
