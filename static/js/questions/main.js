/** The pages where an admin writes what people are asked: the list, and the form with its preview. */
import "../lib/answers.css";
import "./questions.css";
import { patch } from "../lib/api.js";
import { element, on, readFacts } from "../lib/page.js";
import { Toast } from "../lib/toast.js";
import { showExamples } from "./examples.js";
import { QuestionForm } from "./form.js";

const toast = new Toast(element("toast") ?? document.createElement("div"));

/** Close or open a question, then show the list as it is. */
async function turn(button) {
  button.disabled = true;
  try {
    await patch(`/api/v1/questions/${button.dataset.question}/`, { is_open: button.dataset.open === "0" });
    location.reload();
  } catch (error) {
    button.disabled = false;
    toast.showError(error);
  }
}

on("questions", "click", (event) => {
  const button = event.target.closest("[data-question]");
  if (button) turn(button);
});
if (element("question-form")) {
  const facts = readFacts();
  const show = (answers) => { if (facts.examples) showExamples(facts, answers); };
  new QuestionForm(element("question-form"), facts, { onSaved: show }).begin();
  show(facts.question?.answers ?? []);
}
