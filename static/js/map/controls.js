/** Small pieces of the page: words and elements for runs, places and scores. */
import { gsdWords } from "./mosaics.js";
import { durationWords } from "../lib/duration.js";
import { scoreWords, stepOf, STEPS, stepWords } from "./scores.js";

/** Fill a select with [value, words] pairs and choose one. */
export function fillSelect(select, pairs, chosen) {
  select.replaceChildren(
    ...pairs.map(([value, words]) => {
      const option = new Option(words, value);
      option.selected = String(value) === String(chosen);
      return option;
    }),
  );
  select.disabled = pairs.length === 0;
}

const dateWords = (moment, language) =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(moment));

/** A run in a line: what was looked at, when, with what, and what came of it. */
export function runWords(run, language) {
  const outcome = {
    done: interpolate(ngettext("%s place", "%s places", run.detection_count), [run.detection_count]),
    queued: gettext("waiting"),
    running: gettext("running"),
    failed: gettext("failed"),
    cancelled: gettext("cancelled"),
  };
  const model = interpolate(gettext("model %s"), [run.model_run]);
  return [`#${run.id}`, run.scene_name, dateWords(run.created_at, language), model, outcome[run.status]].join(" · ");
}

/** What decided a run's result, in a line. */
export function factsWords(run, language) {
  const facts = {
    scene: run.scene_name,
    model: run.model_run,
    date: dateWords(run.finished_at ?? run.created_at, language),
    threshold: scoreWords(run.threshold),
  };
  return interpolate(gettext("%(scene)s, looked through by model %(model)s on %(date)s. Threshold %(threshold)s."), facts, true);
}

/** What picture lies underneath, when it was taken and how fine it is. */
export function captionWords(scene, language) {
  const taken = scene.captured_at && new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(scene.captured_at));
  return [scene.name, taken, interpolate(gettext("%s per pixel"), [gsdWords(scene.gsd_m)])].filter(Boolean).join(" · ");
}

/** What to tell of a run that has no result (yet), or of one with a result to be taken with care; else "". */
export function stateWords(run, language) {
  if (run.status === "queued") return gettext("This run waits for the background worker.");
  if (run.status === "done") return (run.parameters.warnings ?? []).join(" ");
  const share = new Intl.NumberFormat(language, { style: "percent" }).format(shareDone(run));
  if (run.is_stalled) return interpolate(gettext("This run stands still at %s: its worker gives no sign of life."), [share]);
  if (run.status === "running") return runningWords(run, share, language);
  const why = run.status === "failed" ? interpolate(gettext("This run failed: %s"), [run.error]) : run.error;
  return shareDone(run) ? `${why} ${interpolate(gettext("%s of it is done and kept; it can go on from there."), [share])}` : why;
}

function runningWords(run, share, language) {
  const words = [interpolate(gettext("Looking through the mosaic: %s done."), [share])];
  if (run.seconds_left !== null) words.push(interpolate(gettext("About %s left."), [durationWords(run.seconds_left, language)]));
  if (run.speed_mpx_s !== null) {
    const speed = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(run.speed_mpx_s);
    words.push(interpolate(gettext("%s million pixels a second."), [speed]));
  }
  return words.join(" ");
}

/** What to ask before a run is cancelled. */
export const cancelQuestion = () =>
  gettext("Cancel this run? What it has looked through is kept, so it can be continued later.");

/** Whether a run is on its way, so that one looks again. */
export const isOnItsWay = (run) => run.status === "queued" || run.status === "running";

/** How much of a run's work is done, from 0 to 1. */
export const shareDone = (run) => (run.pixels_total ? run.pixels_done / run.pixels_total : 0);

/** How many places are shown, and what else one should know of the list. */
export function countWords(found, shown, mostListed, language) {
  const digits = (number) => number.toLocaleString(language);
  if (found.isLoading) return gettext("Loading…");
  if (found.total === 0) return gettext("The model found nothing here.");
  const counts = { shown: digits(shown), all: digits(found.total) };
  const sentences = [interpolate(gettext("%(shown)s of %(all)s places are shown."), counts, true)];
  if (shown === 0) sentences.push(gettext("Lower the slider to see more."));
  if (found.isCut) sentences.push(interpolate(gettext("The best %s are loaded; zoom in to load the others there."), [digits(found.features.length)]));
  if (shown > mostListed) sentences.push(interpolate(gettext("The list holds the first %s."), [digits(mostListed)]));
  return sentences.join(" ");
}

/** Places as buttons in a list; `onChoose` gets the detection. */
export function placeItems(detections, onChoose) {
  return detections.map((detection) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const swatch = document.createElement("i");
    const score = document.createElement("b");
    const address = document.createElement("span");
    button.type = "button";
    button.dataset.id = detection.id;
    swatch.style.background = stepOf(detection.properties.score).colour;
    score.textContent = scoreWords(detection.properties.score);
    address.textContent = detection.properties.address || gettext("no address");
    button.append(swatch, score, address);
    button.addEventListener("click", () => onChoose(detection));
    item.append(button);
    return item;
  });
}

/** The steps of the scores, highest first, as rows of a legend. */
export function legendRows() {
  return STEPS.toReversed().map((step) => {
    const row = document.createElement("span");
    const swatch = document.createElement("i");
    swatch.style.background = step.colour;
    swatch.style.width = swatch.style.height = `${2 * step.radius_px}px`;
    row.append(swatch, stepWords(step));
    return row;
  });
}

/** Bars over the slider, one per part of 0 to 1; those under `minScore` are faint. Roots, so that few are seen beside many. */
export function histogramBars(counts, minScore) {
  const most = Math.sqrt(Math.max(1, ...counts));
  return counts.map((count, index) => {
    const bar = document.createElement("i");
    bar.style.height = `${(100 * Math.sqrt(count)) / most}%`;
    bar.style.background = stepOf(index / counts.length).colour;
    bar.classList.toggle("faint", (index + 1) / counts.length <= minScore);
    return bar;
  });
}

/** Fill and show a notice; with `onRetry` it has a button to try again. */
export function showNotice(notice, heading, words, onRetry = null) {
  const [title, text] = ["h2", "p"].map((name) => document.createElement(name));
  title.textContent = heading;
  text.textContent = words;
  notice.replaceChildren(title, text);
  notice.hidden = false;
  if (!onRetry) return;
  const button = document.createElement("button");
  button.className = "button";
  button.type = "button";
  button.textContent = gettext("Try again");
  button.addEventListener("click", onRetry);
  notice.append(button);
}
