/** The buttons of a question's answers, what counts, and the list of its keys. */
import { toneOf } from "./answers.js";

const SHOWN_KEYS = { ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑" };

export class AnswerButtons {
  /** `area` holds the buttons, `list` is a <dl> of keys, `hint` says what counts; `onAnswer(key)` is told of a click. */
  constructor({ area, list, hint }, onAnswer) {
    Object.assign(this, { area, list, hint });
    this.isAllowed = false;
    area.addEventListener("click", (event) => {
      const button = event.target.closest("[data-answer]");
      if (button) onAnswer(button.dataset.answer);
    });
  }

  /** Show a question's answers, which `keys` ({ key pressed: answer }) give as well. */
  show(question, keys) {
    this.area.replaceChildren(...question.answers.map((answer, index) => buttonOf(question, answer, index + 1)));
    this.allow(this.isAllowed);
    const shown = question.answers.filter(({ examples = [] }) => examples.length);
    this.hint.replaceChildren(
      ...question.hint.split("\n").filter(Boolean).map((line) => part("p", line)),
      ...shown.map((answer) => examplesOf(question, answer)),
    );
    for (const row of this.list.querySelectorAll("[data-answer-keys]")) row.remove();
    this.list.prepend(...question.answers.map((answer) => keysRow(answer, keys)));
  }

  /** Not `disabled`: between two squares a focused button would lose its focus. */
  allow(isAllowed) {
    this.isAllowed = isAllowed;
    for (const button of this.area.children) button.setAttribute("aria-disabled", String(!isAllowed));
  }
}

/** A button as people see it; `digit` is the key that presses it. */
export function buttonOf(question, answer, digit) {
  const button = part("button", "", { type: "button", className: `answer ${toneOf(question, answer.key)}` });
  button.dataset.answer = answer.key;
  const swatch = part("i", "", { className: "swatch" });
  swatch.setAttribute("aria-hidden", "true");
  button.append(swatch, part("span", answer.words), part("kbd", String(digit)));
  return button;
}

/** An answer's words over its example pictures, which load once somebody looks. */
function examplesOf(question, answer) {
  const group = part("div", "", { className: `examples ${toneOf(question, answer.key)}` });
  const pictures = part("div", "", { className: "example-pictures" });
  pictures.append(...answer.examples.map((src) => part("img", "", { src, alt: answer.words, loading: "lazy" })));
  group.append(part("p", answer.words), pictures);
  return group;
}

function keysRow(answer, keys) {
  const row = part("div", "");
  row.dataset.answerKeys = answer.key;
  const dt = part("dt", "");
  const own = Object.keys(keys).filter((key) => keys[key] === answer.key && key !== " ");
  for (const key of own) dt.append(part("kbd", SHOWN_KEYS[key] ?? key), " ");
  row.append(dt, part("dd", answer.words));
  return row;
}

function part(name, words, properties = {}) {
  return Object.assign(document.createElement(name), { textContent: words }, properties);
}
