/** How the chosen run stands: told in a notice, and looked at again while it is on its way; admins cancel and continue it. */
import { get, post } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { cancelQuestion, isOnItsWay, shareDone, stateWords } from "../lib/prediction-run.js";

const POLL_MS = 2_000;

export class RunState {
  #run = null;
  #signal = null;
  #timer = 0;

  /** `notice` holds words, progress and an admin's buttons; `onFresh` gets the run as the server has it now. */
  constructor(notice, { language, guarded, onFresh }) {
    Object.assign(this, { notice, language, guarded, onFresh });
    this.words = notice.querySelector("#run-words");
    this.progress = notice.querySelector("#run-progress");
    this.buttons = [...notice.querySelectorAll("button")];
    for (const button of this.buttons) button.addEventListener("click", () => guarded(() => this.#change(button.id)));
  }

  /** Show a run; `signal` tells when another one is chosen. */
  show(run, signal) {
    this.#run = run;
    this.#signal = signal;
    const words = stateWords(run, this.language);
    this.words.textContent = words;
    this.progress.hidden = run.status === "queued" || run.status === "done";
    this.progress.value = shareDone(run);
    this.notice.hidden = !words;
    this.notice.classList.toggle("error", run.status === "failed" || run.is_stalled);
    for (const button of this.buttons) button.hidden = !run[`can_${button.id}`];
    if (isOnItsWay(run)) this.#lookAgain(POLL_MS);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #lookAgain(afterMs) {
    this.stop();
    this.#timer = setTimeout(() => (document.hidden ? this.#lookAgain(afterMs) : this.guarded(() => this.#look())), afterMs);
  }

  async #look() {
    const signal = this.#signal;
    let fresh;
    try {
      fresh = await get(`/api/v1/prediction-runs/${this.#run.id}/`, {}, { signal });
    } catch (error) {
      if (signal.aborted) return;
      this.words.textContent = wordsFor(error); // stays until the next look, unlike a toast
      return this.#lookAgain(5 * POLL_MS);
    }
    await this.onFresh(fresh);
  }

  async #change(action) {
    if (action === "cancel" && !confirm(cancelQuestion())) return;
    this.#lookAgain(POLL_MS); // also when it is refused
    await this.onFresh(await post(`/api/v1/prediction-runs/${this.#run.id}/${action}/`));
  }
}
