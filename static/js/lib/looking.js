/**
 * Whether an answer may be given: only when the picture under the square is drawn, and has been for a moment, so that a double
 * tap does not answer for the next one. No page.
 */

/** Nobody sees a new picture and answers faster. */
export const LEAST_LOOK_MS = 250;

export class Looking {
  #isSeen = false;
  #since = 0;
  #isAllowed = false;
  #timer = null;
  #onChange;
  #now;

  /** `onChange(isAllowed)` is called when that changes. */
  constructor({ onChange, now = () => performance.now() }) {
    this.#onChange = onChange;
    this.#now = now;
  }

  get isAllowed() {
    return this.#isAllowed;
  }

  /** Another picture is asked about. */
  anew() {
    this.#since = this.#now();
    this.#decide();
  }

  /** The picture is drawn whole, or is not. */
  seen(isSeen) {
    if (isSeen && !this.#isSeen) this.#since = Math.max(this.#since, this.#now());
    this.#isSeen = isSeen;
    this.#decide();
  }

  #decide() {
    clearTimeout(this.#timer);
    const left = this.#since + LEAST_LOOK_MS - this.#now();
    if (this.#isSeen && left > 0) this.#timer = setTimeout(() => this.#decide(), left);
    const isAllowed = this.#isSeen && left <= 0;
    if (isAllowed === this.#isAllowed) return;
    this.#isAllowed = isAllowed;
    this.#onChange(isAllowed);
  }
}
