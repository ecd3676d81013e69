/** One person tagging one scene: where the square is, what is tagged, what can be undone. No page, no map. */
import { cells, centredOn, coverage, fittingSize, isCovered, isSame, nextCell } from "./square.js";

const MOST_TAGS = 1000; // drawn; the API's largest page

export class Session {
  scene = null;
  question = null;
  square = null;
  /** This person's answers in the scene: [{ x, y, size, answer, tagId }], `tagId` null until the server has it. */
  tagged = [];
  #queue;
  #api;
  #undoable = [];
  #touched = []; // squares answered or taken back since the scene was opened
  #tagIds = new Map();
  #last = null; // the answer given last in this scene

  constructor({ queue, api }) {
    this.#queue = queue;
    this.#api = api;
  }

  /** Begin with a scene, on its first untagged cell. Rejects when one's earlier tags cannot be read. */
  async open(scene, question) {
    this.scene = scene;
    this.question = question;
    this.#undoable = [];
    this.#touched = [];
    this.#last = null;
    this.tagged = this.#waitingHere();
    this.#toFirstCell();
    const first = this.square;
    const wanted = { mine: 1, scene: scene.id, question: question.slug, page_size: MOST_TAGS };
    const { results } = await this.#api.get("/api/v1/tags/", wanted);
    if (this.scene !== scene || this.question !== question) return; // somebody went on meanwhile
    const stored = results.map((tag) => ({
      ...{ x: tag.x_px, y: tag.y_px, size: tag.size_px },
      ...{ answer: tag.answer, tagId: tag.id },
    }));
    // What the person did while the list was under way is newer than the list.
    const newer = [...this.tagged, ...this.#touched];
    this.tagged = [...stored.filter((tag) => !newer.some((other) => isSame(tag, other))), ...this.tagged];
    if (this.square === first && !this.#touched.length) this.#toFirstCell();
  }

  get canUndo() {
    return this.#undoable.length > 0;
  }

  get coverage() {
    return coverage(this.tagged, this.scene, this.#size);
  }

  /** What the API calls the square. */
  get place() {
    const { x, y, size } = this.square;
    return { scene: this.scene.id, x_px: x, y_px: y, size_px: size, question: this.question.slug };
  }

  /** Answer for the square; it hops on. Says whether there is anywhere left to hop. */
  answer(answer) {
    const { square } = this;
    const previous = this.tagged.find((tag) => isSame(tag, square)) ?? null;
    const body = { ...this.place, answer };
    const queueId = this.#queue.add(body, { sceneName: this.scene.name, townName: this.scene.town_name });
    this.#redraw(square, { ...square, answer, tagId: previous?.tagId ?? null });
    this.#undoable.push({ queueId, square, previous, body });
    this.#last = { queueId, body };
    const next = nextCell(square, this.tagged, this.scene);
    this.square = next ?? square;
    return next !== null;
  }

  /** The square to ask the model about: { place, answer }, where one stands if it is answered, else the last answered; or null. */
  get askable() {
    const here = this.tagged.find((tag) => isSame(tag, this.square));
    if (here) return { place: this.place, answer: here.answer };
    if (!this.#last) return null;
    const { answer, ...place } = this.#last.body;
    return { place, answer };
  }

  /** The server has an answer. */
  keep(item, tag) {
    this.#tagIds.set(item.id, tag.id);
  }

  /** The server refused an answer: as if it had not been given. */
  drop(item) {
    const step = this.#undoable.find(({ queueId }) => queueId === item.id);
    if (!step) return;
    this.#undoable = this.#undoable.filter((other) => other !== step);
    if (this.#last?.queueId === item.id) this.#last = null;
    this.#redraw(step.square, step.previous);
  }

  /** Take back the last answer, wherever it has got to. Rejects, and changes nothing, when the server cannot be asked. */
  async undo() {
    const step = this.#undoable.pop();
    if (!step) return;
    try {
      await this.#queue.settled(); // an answer under way is first allowed to arrive
      if (!this.#queue.withdraw(step.queueId)) await this.#takeBack(step);
    } catch (error) {
      this.#undoable.push(step);
      throw error;
    }
    if (this.#last?.queueId === step.queueId) this.#last = null;
    this.#redraw(step.square, step.previous);
    this.square = step.square;
  }

  async #takeBack({ queueId, previous, body }) {
    // Another tab may have sent it: the same answer again changes nothing, and tells which tag it is.
    const id = this.#tagIds.get(queueId) ?? (await this.#api.post("/api/v1/tags/", body)).id;
    const path = `/api/v1/tags/${id}/`;
    if (previous) await this.#api.patch(path, { answer: previous.answer });
    else await this.#api.remove(path);
  }

  get #size() {
    return fittingSize(this.scene, this.question.crop_size_px);
  }

  #toFirstCell() {
    const all = cells(this.scene, this.#size);
    const middle = centredOn(this.scene.width_px / 2, this.scene.height_px / 2, this.#size, this.scene);
    this.square = all.find((cell) => !isCovered(cell, this.tagged)) ?? middle;
  }

  #redraw(square, tag) {
    this.#touched.push(square);
    const others = this.tagged.filter((other) => !isSame(other, square));
    this.tagged = tag ? [...others, tag] : others;
  }

  #waitingHere() {
    return this.#queue.waiting
      .map(({ body }) => body)
      .filter((body) => body.scene === this.scene.id && body.question === this.question.slug)
      .map((body) => ({ x: body.x_px, y: body.y_px, size: body.size_px, answer: body.answer, tagId: null }));
  }
}
