/** The form of one question: its fields, its rows of answers, and the buttons that people will see. */
import { patch, post } from "../lib/api.js";
import { buttonOf } from "../lib/answer-buttons.js";
import { wordsFor } from "../lib/error-messages.js";
import { element, language, on } from "../lib/page.js";
import { coloursOf, moved, newAnswer } from "./rows.js";

const FIELDS = ["text", "text_es", "hint", "hint_es", "crop_size_m", "crop_size_px"];
const FILLED = ["text", "text_es", "hint", "hint_es", "crop_size_m"]; // by what one starts from

export class QuestionForm {
  /** `onSaved(answers)` is told of the answers as they are stored. */
  constructor(form, facts, { onSaved }) {
    Object.assign(this, { form, facts, onSaved });
    this.stored = facts.question?.answers ?? [];
    this.answers = this.stored.length ? this.stored : [newAnswer([])];
    if (this.answers.length < facts.fewest) this.answers = [...this.answers, newAnswer(this.answers)];
  }

  begin() {
    const { question, startingPoints } = this.facts;
    for (const field of question ? FIELDS : []) this.form.elements[field].value = question[field] ?? "";
    if (question) this.form.elements.is_open.checked = question.is_open;
    element("start-from")?.append(...startingPoints.map(({ name }, index) => new Option(name, String(index))));
    on("start-from", "change", () => this.#fill(startingPoints[Number(element("start-from").value)], element("start-from").value));
    on("add-answer", "click", () => this.#set([...this.answers, newAnswer(this.answers)], this.answers.length));
    this.form.addEventListener("input", (event) => this.#typed(event));
    this.form.addEventListener("click", (event) => this.#pressed(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.#draw();
  }

  #fill(point, chosen) {
    if (chosen === "") return;
    for (const field of FILLED) this.form.elements[field].value = point[field] ?? "";
    this.#set(point.answers.map((answer) => ({ key: "", ...answer })));
  }

  /** Other rows; `focused` is the one to write in. */
  #set(answers, focused = null) {
    this.answers = answers;
    this.#draw();
    if (focused !== null) element("answer-rows").children[focused]?.querySelector("input").focus();
  }

  #typed({ target }) {
    const { field } = target.dataset;
    if (field) this.answers = this.answers.map((answer, at) => (at === rowOf(target) ? { ...answer, [field]: target.value } : answer));
    this.#preview();
  }

  #pressed({ target }) {
    const button = target.closest("[data-move], [data-remove]");
    if (!button) return;
    const index = rowOf(button);
    if (button.dataset.move) {
      const by = Number(button.dataset.move);
      this.#set(moved(this.answers, index, by));
      const row = element("answer-rows").children[Math.min(Math.max(index + by, 0), this.answers.length - 1)];
      [button.dataset.move, String(-by)]
        .map((move) => row.querySelector(`[data-move="${move}"]`)).find((one) => !one.disabled)?.focus();
    } else this.#set(this.answers.filter((_, at) => at !== index), Math.max(0, index - 1));
  }

  #draw() {
    const { fewest, most, isAnswered } = this.facts;
    const count = this.answers.length;
    element("answer-rows").replaceChildren(...this.answers.map((answer, index) => {
      const row = element("answer-row").content.firstElementChild.cloneNode(true);
      for (const input of row.querySelectorAll("[data-field]")) input.value = answer[input.dataset.field];
      row.querySelector('[data-move="-1"]').disabled = index === 0;
      row.querySelector('[data-move="1"]').disabled = index === count - 1;
      row.querySelector("[data-remove]").disabled = count <= fewest || (isAnswered && answer.key !== "");
      return row;
    }));
    element("add-answer").disabled = count >= most;
    this.#preview();
  }

  /** The buttons in the language of the page, in the colours that they will have. */
  #preview() {
    const spoken = (row, field) => (language.startsWith("es") && row[`${field}_es`]) || row[field] || "…";
    const colours = coloursOf(this.answers);
    const answers = this.answers.map((answer, index) => ({ key: String(index), words: spoken(answer, "text"), colour: colours[index] }));
    answers.push({ key: "unsure", words: this.facts.unsure, colour: 5 });
    element("preview-question").textContent = spoken(
      { text: this.form.elements.text.value, text_es: this.form.elements.text_es.value }, "text");
    element("preview-answers").replaceChildren(...answers.map((answer, index) => buttonOf({ answers }, answer, index + 1)));
    [...element("answer-rows").children].forEach((row, index) => { row.className = `answer-row tone-${colours[index]}`; });
  }

  async #save() {
    element("problem").hidden = true;
    element("saved").hidden = true;
    if (!this.form.reportValidity()) return;
    const isAskedFor = this.#isChanged() && this.facts.isAnswered;
    if (isAskedFor && !confirm(gettext("People have answered this question. Do the answers still mean the same?"))) return;
    try {
      const { id } = this.facts;
      const stored = await (id ? patch(`/api/v1/questions/${id}/`, this.#body()) : post("/api/v1/questions/", this.#body()));
      if (id) return this.#tellSaved(stored);
      location.assign(`/questions/${stored.id}/`);
    } catch (error) {
      element("problem").textContent = wordsFor(error);
      element("problem").hidden = false;
    }
  }

  #tellSaved({ warnings, answers }) {
    this.answers = this.answers.map((answer, index) => ({ ...answer, key: answers[index].key, colour: answers[index].colour }));
    this.stored = this.answers;
    this.onSaved(this.answers);
    this.#draw();
    element("saved").textContent = [gettext("Saved."), ...warnings].join(" ");
    element("saved").hidden = false;
  }

  /** Whether an answer that is stored would read or count otherwise. */
  #isChanged() {
    const now = new Map(this.answers.map((answer) => [answer.key, answer]));
    return this.stored.some((before) => ["text", "text_es", "counts_as"].some((field) => now.get(before.key)?.[field] !== before[field]));
  }

  #body() {
    const { elements } = this.form;
    return {
      ...Object.fromEntries(FIELDS.map((field) => [field, elements[field].value])),
      crop_size_m: elements.crop_size_m.value === "" ? null : Number(elements.crop_size_m.value),
      crop_size_px: Number(elements.crop_size_px.value),
      is_open: elements.is_open.checked,
      answers: this.answers.map(({ key, text, text_es, counts_as }) => ({ key, text, text_es, counts_as })),
    };
  }
}

const rowOf = (inside) => [...element("answer-rows").children].indexOf(inside.closest("li"));
