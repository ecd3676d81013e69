/** Pages of the training lab: what is going on tells how far it is, in its place; the page is not loaded again meanwhile. */
import "./trainings.css";
import { get } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { isBeingRead, workAt } from "./reading.js";
import { durationWords } from "../lib/duration.js";

const POLL_MS = 5_000;
const language = document.documentElement.lang;
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

/** Look at a piece of work again and again until it is settled. */
async function follow(place, afterMs) {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  if (document.hidden) return follow(place, POLL_MS);
  try {
    const work = workAt(await get(place.dataset.work), place.dataset.of);
    if (!work || work.status !== place.dataset.status || Boolean(work.is_stalled) !== ("stalled" in place.dataset)) {
      return renew(place);
    }
    show(place, work);
    return follow(place, POLL_MS);
  } catch (error) {
    part(place, "words").textContent = wordsFor(error); // stays until the next look
    return follow(place, 4 * POLL_MS);
  }
}

for (const place of document.querySelectorAll("[data-work]")) follow(place, POLL_MS);
