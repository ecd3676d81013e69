/** Files that are sent one after the other, a few at once. What sending is, it is told. */

/** In the order in which a list shows them: what one waits for or has to do comes first. */
export const STATES = ["sending", "refused", "paused", "waiting", "checking", "left_out", "already", "added"];

/** What the server's states are on the page; what another page or day began to send is paused here. */
const OF_ROW = { sending: "paused", received: "checking" };

export class Queue {
  #send;
  #atOnce;
  #changed;
  #byKey = new Map();
  #handles = new Map();
  items = [];
  isPaused = false;

  /**
   * `send(item, { onProgress, onSent, onRefused, onBarred })` begins or goes on, and returns how to stop it. `changed` is
   * told after every change. `onBarred` stops all: nothing can be sent at the moment.
   */
  constructor({ send, changed, atOnce = 3 }) {
    this.#send = send;
    this.#changed = changed;
    this.#atOnce = atOnce;
  }

  /** Add a file, or give the file to an item that waits for it; gives false where it is on its way or decided. */
  choose(key, facts) {
    const there = this.#byKey.get(key);
    if (there && !(["refused", "left_out"].includes(there.state) || (there.state === "paused" && !there.file))) return false;
    if (there?.state === "paused") Object.assign(there, { file: facts.file, state: "waiting" });
    else {
      if (there) this.items.splice(this.items.indexOf(there), 1);
      this.#add(key, { ...facts, state: "waiting", sent: 0, reason: "", note: "", id: null, scene: null });
    }
    this.#go();
    return true;
  }

  /** Add what is only shown. */
  show(key, facts) {
    if (!this.#byKey.has(key)) this.#add(key, { sent: 0, note: "", id: null, scene: null, file: null, ...facts });
    this.#changed();
  }

  #add(key, facts) {
    const item = { key, ...facts };
    this.items.push(item);
    this.#byKey.set(key, item);
  }

  /** Take over what the server says of a file; while it is being sent here, the page knows better. */
  learn(key, row) {
    const there = this.items.find((item) => item.id === row.id) ?? this.#byKey.get(key);
    const known = { id: row.id, sent: row.offset_bytes, reason: row.reason, note: row.note, scene: row.scene };
    const state = OF_ROW[row.state] ?? row.state;
    if (!there) this.#add(key, { file: null, name: row.file_name, size: row.size_bytes, place: row.town_name, ...known, state });
    else if (row.state !== "sending" && (there.id === row.id || !there.id)) Object.assign(there, known, { state });
  }

  pause() {
    this.isPaused = true;
    for (const item of [...this.#handles.keys()]) this.#stop(item, "paused");
    for (const item of this.items) if (item.state === "waiting") item.state = "paused";
    this.#changed();
  }

  resume() {
    this.isPaused = false;
    for (const item of this.items) if (item.state === "paused" && item.file) item.state = "waiting";
    this.#go();
  }

  /** Take an item off the list; what is being sent stops. */
  remove(item) {
    this.#stop(item, "paused");
    this.items.splice(this.items.indexOf(item), 1);
    if (this.#byKey.get(item.key) === item) this.#byKey.delete(item.key);
    this.#go();
  }

  /** How many items are in each state. */
  counts() {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
    for (const item of this.items) counts[item.state] += 1;
    return counts;
  }

  /** Bytes of all files that are or were sent, and how many of them are there. */
  progress() {
    const sent = this.items.filter((item) => item.state !== "left_out");
    return { there: sum(sent, (item) => (isThere(item) ? item.size : item.sent)), all: sum(sent, (item) => item.size) };
  }

  #stop(item, state) {
    const stop = this.#handles.get(item);
    if (!stop) return;
    this.#handles.delete(item);
    item.state = state;
    stop();
  }

  #go() {
    for (const item of this.items) {
      if (this.isPaused && item.state === "waiting") item.state = "paused";
      if (this.isPaused || this.#handles.size >= this.#atOnce) continue;
      if (item.state === "waiting") this.#start(item);
    }
    this.#changed();
  }

  #start(item) {
    Object.assign(item, { state: "sending", reason: "" });
    const ended = (state, reason = "") => {
      if (!this.#handles.delete(item)) return; // it was stopped meanwhile
      Object.assign(item, { state, reason });
      this.#go();
    };
    this.#handles.set(item, () => {});
    const stop = this.#send(item, {
      onProgress: (sent) => {
        item.sent = sent;
        this.#changed();
      },
      // The server may have told already what became of it.
      onSent: () => ended(item.state === "sending" ? "checking" : item.state, item.reason),
      onRefused: (reason) => ended("refused", reason),
      onBarred: (reason) => {
        if (!this.#handles.has(item)) return;
        this.pause();
        item.reason = reason;
        this.#changed();
      },
    });
    if (this.#handles.has(item)) this.#handles.set(item, stop);
  }
}

const isThere = (item) => ["checking", "already", "added"].includes(item.state);
const sum = (items, size) => items.reduce((total, item) => total + size(item), 0);
