/**
 * Answers on their way to the server. Each is written down on the device first, so that a dead link or a closed
 * page loses none; they are sent in order, and one that the server refuses is handed back with the reason.
 */
import { ApiError, Offline } from "../lib/api.js";

export class AnswerQueue {
  #storage;
  #key;
  #send;
  #flight = null;

  /**
   * `storage` is like localStorage, `key` belongs to one person: a phone may be shared.
   * `send(body)` resolves with the stored tag, or rejects with ApiError or Offline.
   */
  constructor({ storage, key, send }) {
    this.#storage = storage;
    this.#key = key;
    this.#send = send;
  }

  /** What waits, oldest first: [{ id, body }]. Read anew each time, since another tab may share the storage. */
  get waiting() {
    try {
      const items = JSON.parse(this.#storage.getItem(this.#key) ?? "[]");
      return Array.isArray(items) ? items : [];
    } catch {
      return []; // somebody else's writing: not ours to send
    }
  }

  /** Write an answer down; returns its id. */
  add(body) {
    const id = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.#keep([...this.waiting, { id, body }]);
    return id;
  }

  /** Take an answer back before it was sent; says whether it was still there. */
  withdraw(id) {
    const items = this.waiting;
    this.#keep(items.filter((item) => item.id !== id));
    return items.some((item) => item.id === id);
  }

  /**
   * Send what waits, in order. Calls `onSent(item, tag)` and `onRefused(item, error)`.
   * Resolves with null when nothing is left, or with the error that stopped it: what waits is then sent another time.
   */
  flush(handlers) {
    this.#flight ??= this.#sendAll(handlers).finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  /** Resolves when no answer is on its way. */
  async settled() {
    await this.#flight;
  }

  async #sendAll({ onSent, onRefused }) {
    for (let item = this.waiting[0]; item; item = this.waiting[0]) {
      try {
        const tag = await this.#send(item.body);
        this.withdraw(item.id);
        onSent(item, tag);
      } catch (error) {
        if (error instanceof Offline || (error instanceof ApiError && (error.isPassing || error.isLoggedOut))) {
          return error;
        }
        if (!(error instanceof ApiError)) throw error;
        this.withdraw(item.id);
        onRefused(item, error);
      }
    }
    return null;
  }

  #keep(items) {
    this.#storage.setItem(this.#key, JSON.stringify(items));
  }
}
