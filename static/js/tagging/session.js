/** One person tagging one scene: where the square is, what is tagged, what can be undone. No page, no map. */
import { StoredAnswers } from "../lib/stored-answers.js";
import { Cells } from "./cells.js";

export class Session {
  scene = null;
  question = null;
  /** Where one stands; null until the scene's cells are there. */
  square = null;
  #cells = null;
  #tagged = new Map(); // this person's answers in the scene, by square: { x, y, size, answer }
  #queue;
  #api;
  #onTag;
  #undoable = [];
  #stored;
  #last = null; // the answer given last in this scene

  /** `onTag(square, tag)` is called for each square whose answer changes; `tag` is null where none is left. */
  constructor({ queue, api, onTag = () => {} }) {
    this.#queue = queue;
    this.#api = api;
    this.#onTag = onTag;
    this.#stored = new StoredAnswers({ queue, api });
  }

  /** Begin with a scene, on `square` or its first cell to ask about. Rejects when its cells cannot be read. */
  async open(scene, question, square = null) {
    Object.assign(this, { scene, question, square: null });
    this.#cells = null;
    this.#undoable = [];
    this.#last = null;
    this.#tagged = new Map();
    const facts = await this.#api.get(`/api/v1/scenes/${scene.id}/cells/`, { question: question.slug });
    if (this.scene !== scene || this.question !== question) return; // somebody went on meanwhile
    this.#cells = new Cells(facts);
    for (const [x, y, size, answer] of facts.mine) this.#put({ x, y, size }, answer);
    for (const { x_px: x, y_px: y, size_px: size, answer } of this.#waitingHere()) this.#put({ x, y, size }, answer);
    this.square = square ?? this.#cells.next() ?? this.#cells.first;
  }

  /** This person's answers in the scene: [{ x, y, size, answer }]. */
  get tagged() {
    return [...this.#tagged.values()];
  }

  get canUndo() {
    return this.#undoable.length > 0;
  }

  get coverage() {
    return this.#cells?.coverage ?? { done: 0, total: 0 };
  }

  /** The person's answer for the square that one stands on; null where there is none. */
  get answerHere() {
    return this.square ? this.#answerFor(this.square) : null;
  }

  /** What the API calls the square. */
  get place() {
    return this.#placeOf(this.square);
  }

  /** The answered square under a point, the one whose middle is nearest; else the one on whole or half cells around it. */
  squareAt(x, y) {
    const away = (tag) => Math.hypot(tag.x + tag.size / 2 - x, tag.y + tag.size / 2 - y);
    const isOn = (tag) => x >= tag.x && y >= tag.y && x < tag.x + tag.size && y < tag.y + tag.size;
    const [answered] = this.tagged.filter(isOn).sort((one, other) => away(one) - away(other));
    if (answered) return { x: answered.x, y: answered.y, size: answered.size };
    const { size } = this.#cells;
    return this.#cells.snapped({ x: x - size / 2, y: y - size / 2 });
  }

  /** The square on whole or half cells nearest to one that was let go somewhere. */
  snapped(square) {
    return this.#cells.snapped(square);
  }

  /** The square a half cell further, or with `isFar` a whole one. */
  moved(direction, isFar) {
    return this.#cells.moved(this.square, direction, isFar);
  }

  /** Answer for the square; it hops on. Says whether there is anywhere left to hop. */
  answer(answer) {
    const { square } = this;
    const previous = this.#answerFor(square);
    const body = { ...this.place, answer };
    const queueId = this.#queue.add(body, { sceneName: this.scene.name, townName: this.scene.town_name });
    this.#put(square, answer);
    this.#undoable.push({ queueId, square, previous, body });
    this.#last = { queueId, square, answer };
    const next = this.#cells.next(square);
    this.square = next ?? square;
    return next !== null;
  }

  /** The square to ask the model about: { place, answer }, where one stands if it is answered, else the last answered; or null. */
  get askable() {
    if (this.answerHere) return { place: this.place, answer: this.answerHere };
    return this.#last && { place: this.#placeOf(this.#last.square), answer: this.#last.answer };
  }

  /** The server has an answer: `tag` is what it stored. */
  keep(item, tag) {
    this.#stored.keep(item, tag);
  }

  /** The server refused an answer: as if it had not been given. */
  drop(item) {
    const step = this.#undoable.find(({ queueId }) => queueId === item.id);
    if (!step) return;
    this.#undoable = this.#undoable.filter((other) => other !== step);
    if (this.#last?.queueId === item.id) this.#last = null;
    this.#put(step.square, step.previous);
  }

  /** Take back the last answer, wherever it has got to. Rejects, and changes nothing, when the server cannot be asked. */
  async undo() {
    const step = this.#undoable.pop();
    if (!step) return;
    let before;
    try {
      before = await this.#stored.takeBack(step.queueId, step.body);
    } catch (error) {
      this.#undoable.push(step);
      throw error;
    }
    if (this.#last?.queueId === step.queueId) this.#last = null;
    this.#put(step.square, before === undefined ? step.previous : before);
    this.square = step.square;
  }

  #answerFor(square) {
    return this.#tagged.get(keyOf(square))?.answer ?? null;
  }

  /** Note an answer for a square, or with null that there is none. */
  #put(square, answer) {
    const was = this.#answerFor(square);
    if (was === answer) return;
    if (!was) this.#cells.mark(square);
    else if (!answer) this.#cells.mark(square, -1);
    const tag = answer && { ...square, answer };
    if (tag) this.#tagged.set(keyOf(square), tag);
    else this.#tagged.delete(keyOf(square));
    this.#onTag(square, tag);
  }

  #placeOf({ x, y, size }) {
    return { scene: this.scene.id, x_px: x, y_px: y, size_px: size, question: this.question.slug };
  }

  #waitingHere() {
    return this.#queue.waiting
      .map(({ body }) => body)
      .filter((body) => body.scene === this.scene.id && body.question === this.question.slug);
  }
}

const keyOf = ({ x, y, size }) => `${x},${y},${size}`;
