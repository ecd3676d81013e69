/** What the model says about a square that one has answered. */
import { ApiError, post } from "./api.js";
import { wordsFor } from "./error-messages.js";

export class ModelAnswer {
  /** `box` is where it says it; `label` gives an answer's words, `sendWaiting` sends what the server has to have first. */
  constructor(box, { session, queue, label, sendWaiting }) {
    Object.assign(this, { box, session, queue, label, sendWaiting });
  }

  clear() {
    this.#say("");
  }

  /** Ask about the square that was answered last, or the one that one stands on if it is answered: never before. */
  async ask() {
    if (!this.session.scene) return;
    const asked = this.session.askable;
    if (!asked) return this.#say(gettext("Answer a square first. Then you can ask what the model says about it."));
    this.#say(gettext("Asking…"));
    await this.sendWaiting();
    const isElsewhere = () => JSON.stringify(this.session.askable) !== JSON.stringify(asked);
    if (isElsewhere()) return undefined;
    if (this.queue.holds(asked.place)) return this.#say(gettext("Your answer has not reached the server yet. Ask again once it has."));
    try {
      const answer = await patiently(() => post("/api/v1/model-answer/", asked.place), isElsewhere);
      if (!isElsewhere()) this.#show(asked, answer); // else it is about a place that is no longer meant
    } catch (error) {
      if (isElsewhere()) return undefined;
      const isMissing = error instanceof ApiError && error.status === 409;
      this.#say(isMissing ? gettext("There is no model yet: answer what you see.") : wordsFor(error));
    }
    return undefined;
  }

  #show({ answer }, { label, score = null }) {
    const said = { yours: this.label(answer), models: label, score: score?.toFixed(2) };
    const words = score === null
      ? gettext("Your last answer: %(yours)s. The model says: %(models)s.")
      : gettext("Your last answer: %(yours)s. The model says: %(models)s (score %(score)s).");
    this.#say(interpolate(words, said, true));
    const caution = document.createElement("small");
    caution.textContent = gettext("It can be wrong: what you see counts.");
    if (score !== null) this.box.append(meter(score));
    this.box.append(document.createElement("br"), caution);
  }

  #say(words) {
    this.box.textContent = words;
    this.box.hidden = !words;
  }
}

function meter(share) {
  const bar = document.createElement("meter");
  bar.value = share;
  bar.setAttribute("aria-label", gettext("Score"));
  return bar;
}

/** Try again for some seconds what the site cannot do yet: a square of a photo is cut a moment after its answer. */
async function patiently(request, isPointless) {
  for (let triesLeft = 5; ; triesLeft -= 1) {
    try {
      return await request();
    } catch (error) {
      const isNotYet = error instanceof ApiError && error.status === 503;
      if (!isNotYet || !triesLeft || isPointless()) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
