/** What is chosen, as the page's address says it. Pure. */

const NUMBERS = ["event", "town", "run", "min", "with", "place"];

/** The choice in a query string; what is missing or no number is null. */
export function choiceFrom(search) {
  const params = new URLSearchParams(search);
  const number = (name) => {
    const value = params.get(name);
    return value === null || value.trim() === "" || !Number.isFinite(Number(value)) ? null : Number(value);
  };
  return Object.fromEntries(NUMBERS.map((name) => [name, number(name)]));
}

/** The query string of a choice. */
export function searchOf(choice) {
  const params = new URLSearchParams();
  for (const name of NUMBERS) if (choice[name] !== null && choice[name] !== undefined) params.set(name, String(choice[name]));
  const query = params.toString();
  return query ? `?${query}` : "";
}

/** Finished runs before others, of mosaics before photos', and in each kind as they come: newest first. */
export function finishedFirst(runs) {
  const rank = (run) => 2 * Number(run.status === "done") - Number(run.scene_kind === "photo");
  return [...runs].sort((a, b) => rank(b) - rank(a));
}

/** The run that a choice means: itself, else the best of its town, of its event, of all. `runs` come newest first. */
export function runOf(choice, runs) {
  const best = (some) => finishedFirst(some)[0] ?? null;
  return (
    runs.find((run) => run.id === choice.run) ??
    best(runs.filter((run) => run.town === choice.town)) ??
    best(runs.filter((run) => run.event === choice.event)) ??
    best(runs)
  );
}

/** Events and towns, each once, in order of name, that occur in `runs`. */
export function placesOf(runs) {
  const events = new Map();
  for (const run of runs) {
    const event = events.get(run.event) ?? { id: run.event, name: run.event_name, towns: new Map() };
    event.towns.set(run.town, { id: run.town, name: run.town_name });
    events.set(run.event, event);
  }
  const byName = (a, b) => a.name.localeCompare(b.name);
  return [...events.values()]
    .map((event) => ({ ...event, towns: [...event.towns.values()].sort(byName) }))
    .sort(byName);
}
