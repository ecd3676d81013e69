/** A prediction run in words. */
import { durationWords } from "./duration.js";
import { scoreWords } from "./scores.js";

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
    origin: originWords(run.parameters.threshold_from),
  };
  const words = gettext("%(scene)s, looked through by model %(model)s on %(date)s. Threshold %(threshold)s%(origin)s.");
  return interpolate(words, facts, true);
}

/** Where a run's threshold comes from, to stand after it. */
function originWords(origin) {
  const words = {
    model: gettext(", the model's own"),
    person: gettext(", set by a person"),
    sample: gettext(", by a reviewed sample of this town"),
    undamaged: gettext(", by imagery from before the event"),
  };
  return words[origin] ?? "";
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
