/** What the server has stored of a person's answers, so that each can be taken back to what stood there before. */

export class StoredAnswers {
  #queue;
  #api;
  #tags = new Map(); // what was stored, by the queue's ids

  constructor({ queue, api }) {
    this.#queue = queue;
    this.#api = api;
  }

  /** The server has an answer: `tag` is what it stored. */
  keep(item, tag) {
    this.#tags.set(item.id, tag);
  }

  /**
   * Take an answer back, wherever it has got to. Resolves with the one that stands there again, null where none does, or
   * undefined where it had not left the device. Rejects, and changes nothing, when the server cannot be asked.
   */
  async takeBack(id, body) {
    await this.#queue.settled(); // an answer under way is first allowed to arrive
    if (this.#queue.withdraw(id)) return undefined;
    // Another tab may have sent it: the same answer by the same name changes nothing, and tells which tag it is.
    const tag = this.#tags.get(id) ?? (await this.#api.post("/api/v1/tags/", { ...body, sent_as: id }));
    const path = `/api/v1/tags/${tag.id}/`;
    if (tag.answer_before) await this.#api.patch(path, { answer: tag.answer_before });
    else await this.#api.remove(path);
    return tag.answer_before || null;
  }
}
