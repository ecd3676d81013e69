/** The list of prediction runs: those on their way tell how far they are; admins cancel and continue them. */
import "./runs.css";
import { get, post } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { element, language } from "../lib/page.js";
import { poll } from "../lib/poll.js";
import { cancelQuestion, isOnItsWay, shareDone, stateWords } from "../lib/prediction-run.js";
import { Toast } from "../lib/toast.js";

const POLL_MS = 2_000;
const toast = new Toast(element("toast"));
const part = (row, name) => row.querySelector(`[data-part="${name}"]`);

function show(row, run) {
  part(row, "words").textContent = stateWords(run, language);
  let bar = part(row, "progress");
  if (!bar && run.pixels_done) {
    bar = document.createElement("progress");
    bar.dataset.part = "progress";
    bar.setAttribute("aria-label", gettext("Progress"));
    part(row, "words").after(bar);
  }
  if (!bar) return;
  bar.max = 1;
  bar.value = shareDone(run);
}

/** Look at a run until it has come to its end; then the page shows what the server says. */
function follow(row) {
  async function look() {
    const run = await get(`/api/v1/prediction-runs/${row.dataset.run}/`);
    const isOver = !isOnItsWay(run) || run.is_stalled !== ("stalled" in row.dataset);
    if (isOver) location.reload();
    else show(row, run);
    return isOver;
  }
  const onError = (error) => { part(row, "words").textContent = wordsFor(error); }; // stays until the next look, unlike a toast
  return poll(look, { everyMs: POLL_MS, firstMs: 0, afterErrorMs: 5 * POLL_MS, onError });
}

async function change(button) {
  const { action } = button.dataset;
  if (action === "cancel" && !confirm(cancelQuestion())) return;
  button.disabled = true;
  try {
    await post(`/api/v1/prediction-runs/${button.closest("tr").dataset.run}/${action}/`);
    location.reload();
  } catch (error) {
    button.disabled = false;
    toast.showError(error);
  }
}

for (const row of document.querySelectorAll("tr[data-on-its-way]")) follow(row);
for (const button of document.querySelectorAll("[data-action]")) {
  button.hidden = false;
  button.addEventListener("click", () => change(button));
}
