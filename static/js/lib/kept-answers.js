/** The answers that the server did not take, each with the reason: to look at, send again or discard. */

export class KeptAnswers {
  /** `area` holds a count and a list, `card` is the template of one; `labelsOf` gives a question's words by its slug. */
  constructor(area, card, { labelsOf, onShow, onAgain, onDiscard }) {
    Object.assign(this, { area, card, labelsOf, onShow, onAgain, onDiscard });
  }

  show(items) {
    const words = interpolate(ngettext("%s answer is not stored", "%s answers are not stored", items.length), [items.length]);
    this.area.hidden = items.length === 0;
    this.area.querySelector("#kept-count").textContent = words;
    this.area.querySelector("#kept-list").replaceChildren(...items.map((item) => this.#cardOf(item)));
  }

  #cardOf(item) {
    const card = this.card.content.firstElementChild.cloneNode(true);
    const part = (name) => card.querySelector(name);
    part("b").textContent = this.labelsOf(item.body.question)[item.body.answer];
    part(".kept-place").textContent = [item.about?.townName, item.about?.sceneName].filter(Boolean).join(" · ");
    part(".kept-reason").textContent = item.refusal
      ? `${item.refusal.detail} ${item.refusal.remedy}`.trim()
      : gettext("The server could not store it so far. It is tried again by itself.");
    part(".kept-show").addEventListener("click", () => this.onShow(item));
    part(".kept-again").addEventListener("click", () => this.onAgain(item));
    part(".kept-discard").addEventListener("click", () => this.onDiscard(item));
    return card;
  }
}
