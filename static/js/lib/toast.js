/** Short messages over the page, which screen readers speak; one at a time. */
import { wordsFor } from "./error-messages.js";

const SECONDS = { plain: 6, error: 12 };

export class Toast {
  #element;
  #words;
  #button;
  #timer = 0;
  #action = null;

  /** `element` is an empty live region (`role="status"`). */
  constructor(element) {
    this.#element = element;
    this.#words = document.createElement("span");
    this.#button = document.createElement("button");
    this.#button.type = "button";
    this.#button.className = "toast-action";
    this.#button.addEventListener("click", () => {
      const action = this.#action;
      this.hide();
      action?.();
    });
    element.classList.add("toast");
    element.append(this.#words, this.#button);
    this.hide();
  }

  /** Show `words`, with a button when there is an `action`: { label, run }. */
  show(words, { action = null, kind = "plain" } = {}) {
    clearTimeout(this.#timer);
    this.#words.textContent = words;
    this.#action = action?.run ?? null;
    this.#button.textContent = action?.label ?? "";
    this.#button.hidden = !action;
    this.#element.classList.toggle("error", kind === "error");
    this.#element.classList.add("shown");
    this.#timer = setTimeout(() => this.#hideUnlessInUse(), SECONDS[kind] * 1000);
  }

  /** Say why something failed. */
  showError(error, { action = null } = {}) {
    this.show(wordsFor(error), { kind: "error", action });
  }

  hide() {
    clearTimeout(this.#timer);
    this.#element.classList.remove("shown");
    this.#button.hidden = true;
    this.#words.textContent = "";
  }

  #hideUnlessInUse() {
    if (this.#element.matches(":hover, :focus-within")) {
      this.#timer = setTimeout(() => this.#hideUnlessInUse(), 1000);
      return;
    }
    this.hide();
  }
}
