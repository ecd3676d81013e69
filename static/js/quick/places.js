/** The places that a person is asked about, one after the other: what comes next, what was answered, what can be undone. No page. */
import { StoredAnswers } from "../lib/stored-answers.js";

const LEAST_AHEAD = 8; // with fewer, more are asked for
const ASKED_AT_ONCE = 15;
export const MOST_UNDONE = 10;
export const SHOWN_AHEAD = 5; // pictures that are loaded before their turn

export class Places {
  #queue;
  #api;
  #stored;
  #ahead = [];
  #undoable = [];
  #answered = new Set(); // by place, so that none comes again while its answer is still on its way
  #isAsking = null;
  #along = 0; // how many were taken along, to go on without network
  #wanted = {};
  /** Whether the server has no more to ask about. */
  isThrough = false;
  /** How many places were answered since the page was opened. */
  count = 0;

  constructor({ queue, api }) {
    this.#queue = queue;
    this.#api = api;
    this.#stored = new StoredAnswers({ queue, api });
  }

  /** Begin with a question's slug, and an event's number if one is meant. */
  async begin(question, event = null) {
    this.#wanted = { question, event };
    this.#ahead = [];
    this.#undoable = [];
    this.isThrough = false;
    return this.more();
  }

  /** The place to answer for; null while there is none. */
  get here() {
    return this.#ahead[0] ?? null;
  }

  /** The places whose pictures are worth having by now, the present one first. */
  get soon() {
    return this.#ahead.slice(0, 1 + Math.max(SHOWN_AHEAD, this.#along));
  }

  /** All places that wait for their turn. */
  get all() {
    return [...this.#ahead];
  }

  get canUndo() {
    return this.#undoable.length > 0;
  }

  /** The last answer: { place, answer }, to ask the model about; or null. */
  get last() {
    const step = this.#undoable.at(-1);
    return step ? { place: placeOf(step.place, this.#wanted.question), answer: step.body.answer } : null;
  }

  /** Ask for more places where few are left, or for `count`. Resolves with the event's name, or null where nothing was asked. */
  more(count = ASKED_AT_ONCE) {
    const isEnough = count === ASKED_AT_ONCE && (this.#ahead.length >= LEAST_AHEAD || this.isThrough);
    if (isEnough) return Promise.resolve(null);
    if (count !== ASKED_AT_ONCE) this.#along = count;
    this.#isAsking ??= this.#ask(count).finally(() => { this.#isAsking = null; });
    return this.#isAsking;
  }

  async #ask(count) {
    const wanted = this.#wanted;
    const { squares, event_name: name } = await this.#api.get("/api/v1/queue/", { ...wanted, count });
    if (wanted !== this.#wanted) return null; // somebody chose another question meanwhile
    const known = new Set([...this.#answered, ...this.#ahead.map(keyOf)]);
    const unknown = squares.filter((place) => !known.has(keyOf(place)));
    this.#ahead.push(...unknown);
    this.isThrough = this.#ahead.length === 0; // what it offered has been answered here
    return name;
  }

  /** Answer for the present place; the next one takes its turn. */
  answer(answer) {
    const place = this.#ahead.shift();
    const body = { ...placeOf(place, this.#wanted.question), answer, receipt: place.receipt };
    const id = this.#queue.add(body, { sceneName: place.scene_name, townName: place.town_name });
    this.#answered.add(keyOf(place));
    this.#undoable = [...this.#undoable, { id, place, body }].slice(-MOST_UNDONE);
    this.count += 1;
  }

  /** Put the present place off: another time, or somebody else. */
  skip() {
    this.#answered.add(keyOf(this.#ahead.shift()));
  }

  keep(item, tag) {
    this.#stored.keep(item, tag);
  }

  /** The server refused an answer. */
  drop(item) {
    this.#undoable = this.#undoable.filter(({ id }) => id !== item.id);
  }

  /** Take the last answer back; its place is asked about again. Rejects, and changes nothing, when the server cannot be asked. */
  async undo() {
    const step = this.#undoable.at(-1);
    if (!step) return;
    await this.#stored.takeBack(step.id, step.body);
    this.#undoable = this.#undoable.filter((other) => other !== step);
    this.#answered.delete(keyOf(step.place));
    this.#ahead.unshift(step.place);
    this.count -= 1;
  }
}

const placeOf = ({ scene, x_px: x, y_px: y, size_px: size }, question) => ({ scene, x_px: x, y_px: y, size_px: size, question });
const keyOf = ({ scene, x_px: x, y_px: y, size_px: size }) => [scene, x, y, size].join();
