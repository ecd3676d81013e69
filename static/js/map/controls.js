/** Small pieces of the page. */

/** Fill a select with [value, words] pairs and choose one; a single pair leaves nothing to choose. */
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

/** A run in a line: what was looked at, when, and what came of it. */
export function runWords(run, language) {
  const when = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(run.created_at));
  const outcome = {
    done: interpolate(ngettext("%s place", "%s places", run.detection_count), [run.detection_count]),
    queued: gettext("waiting"),
    running: gettext("running"),
    failed: gettext("failed"),
  };
  return `#${run.id} · ${run.scene_name} · ${when} · ${outcome[run.status] ?? run.status}`;
}

/** What to tell of a run that has no result (yet), or "". */
export function stateWords(run) {
  if (run.status === "queued") return gettext("This run waits for the background worker.");
  if (run.status === "failed") return interpolate(gettext("This run failed: %s"), [run.error]);
  if (run.status !== "running") return "";
  const share = run.windows_total ? Math.floor((100 * run.windows_done) / run.windows_total) : 0;
  return interpolate(gettext("Looking through the mosaic: %s %%"), [share]);
}

/** A list of places as buttons; `onChoose` gets the detection. */
export function placeItems(detections, { words, onChoose }) {
  return detections.map((detection) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const swatch = document.createElement("i");
    const score = document.createElement("b");
    const address = document.createElement("span");
    const { colour, score: scoreText } = words(detection.properties.score);
    button.type = "button";
    button.dataset.id = detection.id;
    swatch.style.background = colour;
    score.textContent = scoreText;
    address.textContent = detection.properties.address || gettext("no address");
    button.append(swatch, score, address);
    button.addEventListener("click", () => onChoose(detection));
    item.append(button);
    return item;
  });
}
