/**
 * Answers on their way to the server. Each is written down on the device first, under a key of its own, so that neither a
 * dead link, a closed page nor another tab loses one. None leaves the device but by the server's yes or its author's will:
 *
 * - refused (400, 404, 409, …): kept with the reason, until its author discards it or answers for the same square again;
 * - logged out, offline, too many: all wait;
 * - not stored (5xx): this one is set aside and tried again later, the others go on. Two in a row: the server is in
 *   trouble, and all wait a while.
 */
import { ApiError, Offline } from "./api.js";

const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 5 * 60_000;
const FAILURES_IN_A_ROW = 2;
const CLOCK_DIGITS = 14;

/** Run `work` while no other tab does under that name; where browsers have no locks (plain HTTP), without. */
function inOneTab(name, work) {
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request(name, work) : work();
}

export class AnswerQueue {
  #storage;
  #key;
  #send;
  #now;
  #exclusively;
  #flight = null;
  #added = 0;
  #pausedUntil = 0;
  #problem = null;
  #failures = 0; // of the server, one after the other

  /**
   * `storage` is like `device`, `key` belongs to one person: a phone may be shared.
   * `send(body)` resolves with the stored tag, or rejects with ApiError or Offline; `body.sent_as` is the answer's own name, by
   * which the server knows one that comes twice.
   */
  constructor({ storage, key, send, now = Date.now, exclusively = inOneTab }) {
    this.#storage = storage;
    this.#key = key;
    this.#send = send;
    this.#now = now;
    this.#exclusively = exclusively;
    this.#takeOver();
  }

  /** All answers on the device, oldest first; read anew each time, since another tab may share the storage. */
  get #items() {
    return this.#storage
      .keys()
      .filter((key) => key.startsWith(`${this.#key}.`))
      .sort()
      .map((key) => this.#read(key))
      .filter((item) => item !== null);
  }

  /** What is to be sent, oldest first: [{ id, body, tries, problem }]; `problem` says why the server did not store it. */
  get waiting() {
    return this.#items.filter((item) => !item.refusal);
  }

  /** What the server does not accept: [{ id, body, refusal }]. */
  get refused() {
    return this.#items.filter((item) => item.refusal);
  }

  /** What its author should know of: refused, or tried in vain. */
  get troubled() {
    return this.#items.filter((item) => item.refusal || item.tries);
  }

  /** Whether an answer for that square is still to be sent. */
  holds(place) {
    return this.waiting.some((item) => isSameSquare(item.body, place));
  }

  /** Write an answer down, in place of an earlier one for the same square; returns its id. `about` is for whoever shows it. */
  add(body, about = {}) {
    this.#added += 1;
    const time = String(this.#now()).padStart(CLOCK_DIGITS, "0");
    const id = `${time}-${String(this.#added).padStart(6, "0")}-${Math.random().toString(36).slice(2, 8)}`;
    const earlier = this.#items.filter((item) => isSameSquare(item.body, body));
    this.#write({ id, body, about, tries: 0, instead: earlier });
    for (const item of earlier) this.#forget(item.id);
    return id;
  }

  /** Take an answer back before it was sent, and put back what it replaced; says whether it was still there. */
  withdraw(id) {
    const item = this.#read(this.#keyOf(id));
    if (item === null) return false;
    for (const earlier of item.instead ?? []) this.#write(earlier);
    this.#forget(id);
    return true;
  }

  /** Let go of a refused answer, for good. */
  discard(id) {
    this.#forget(id);
  }

  /** Try at once what waits for another time: the network is back, or a person asks for it. */
  hurry() {
    this.#pausedUntil = 0;
    for (const item of this.waiting) if (item.notBefore) this.#write({ ...item, notBefore: 0 });
  }

  /**
   * Send what waits and is due. Calls `onSent(item, tag)` and `onRefused(item, error)`.
   * Resolves with null when nothing is left, or with what stands in the way (an error, or the status of one that was set
   * aside): what waits is then sent another time.
   */
  flush(handlers) {
    this.#flight ??= Promise.resolve(this.#exclusively(this.#key, () => this.#sendDue(handlers))).finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  /** Resolves when no answer is on its way. */
  async settled() {
    await this.#flight;
  }

  async #sendDue(handlers) {
    for (let item = this.#next(); item; item = this.#next()) {
      try {
        const tag = await this.#send({ ...item.body, sent_as: item.id });
        this.#failures = 0;
        this.#problem = null;
        this.#forget(item.id);
        handlers.onSent(item, tag);
      } catch (error) {
        if (!(error instanceof ApiError) && !(error instanceof Offline)) throw error;
        if (this.#stops(item, error, handlers)) break;
      }
    }
    const { waiting } = this;
    if (!waiting.length) this.#problem = null;
    return this.#problem ?? waiting.find((item) => item.problem)?.problem ?? null;
  }

  /** The next answer to send: those tried least come first, so that one in trouble holds up no other. */
  #next() {
    const now = this.#now();
    if (now < this.#pausedUntil) return null;
    const due = this.waiting.filter((item) => !(item.notBefore > now));
    return due.sort((one, other) => (one.tries ?? 0) - (other.tries ?? 0))[0] ?? null;
  }

  /** Note what became of an answer that was not stored; says whether sending stops. */
  #stops(item, error, handlers) {
    if (error instanceof Offline || error.isBarred || error.isTooMany) {
      this.#problem = error;
      if (error.isTooMany) this.#pause(error.retryAfterS * 1000 || FIRST_WAIT_MS);
      return true;
    }
    if (error.isPassing) {
      this.#problem = error;
      this.#setAside(item, error);
      this.#failures += 1;
      if (this.#failures < FAILURES_IN_A_ROW) return false;
      this.#pause(waitMs(this.#failures - FAILURES_IN_A_ROW, error));
      return true;
    }
    this.#failures = 0; // it answers, if not as one would like
    const refusal = { status: error.status, detail: error.detail, remedy: error.remedy };
    if (this.#amend(item.id, { refusal })) handlers.onRefused({ ...item, refusal }, error);
    return false;
  }

  #setAside(item, error) {
    const tries = (item.tries ?? 0) + 1;
    this.#amend(item.id, { tries, problem: error.status, notBefore: this.#now() + waitMs(tries - 1, error) });
  }

  #pause(ms) {
    this.#pausedUntil = this.#now() + ms;
  }

  /** Change an answer that is still there; one that was taken back meanwhile stays gone. */
  #amend(id, changes) {
    const item = this.#read(this.#keyOf(id));
    if (item !== null) this.#write({ ...item, ...changes });
    return item !== null;
  }

  #keyOf(id) {
    return `${this.#key}.${id}`;
  }

  #read(key) {
    const item = parsed(this.#storage.getItem(key));
    return item?.id && item.body ? item : null;
  }

  #write(item) {
    this.#storage.setItem(this.#keyOf(item.id), JSON.stringify(item));
  }

  #forget(id) {
    this.#storage.removeItem(this.#keyOf(id));
  }

  /** Answers of an earlier version, which kept them all under one key. */
  #takeOver() {
    const old = parsed(this.#storage.getItem(this.#key));
    if (!Array.isArray(old)) return;
    for (const { id, body } of old.filter((item) => item?.id && item.body)) this.#write({ id: `0${id}`, body, tries: 0 });
    this.#storage.removeItem(this.#key);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // somebody else's writing: not ours to send
  }
}

function isSameSquare(one, other) {
  return ["scene", "x_px", "y_px", "size_px", "question"].every((name) => one?.[name] !== undefined && one[name] === other?.[name]);
}

/** Longer after each failure, and never sooner than the server asks for. */
function waitMs(failuresBefore, error) {
  return Math.max(Math.min(FIRST_WAIT_MS * 2 ** failuresBefore, LONGEST_WAIT_MS), (error.retryAfterS ?? 0) * 1000);
}
