/** The example pictures of each answer that is stored: look, add, remove. */
import { post, remove } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { element, language } from "../lib/page.js";

/** Show a row for each of the answers; the rows that are there stay, with what was added to them. */
export function showExamples({ id, unsure, examples: { shown, most } }, answers) {
  const area = element("examples");
  const there = new Map([...area.children].map((row) => [row.dataset.answer, row]));
  const all = [...answers.map((answer) => ({ key: answer.key, words: wordsOf(answer) })), { key: "unsure", words: unsure }];
  const own = ({ key }) => shown.filter(({ answer }) => answer === key);
  area.replaceChildren(...all.map((answer) => there.get(answer.key) ?? rowOf(id, answer, own(answer), most)));
}

const wordsOf = ({ text, text_es: spanish }) => (language.startsWith("es") && spanish) || text;

function rowOf(id, { key, words }, shown, most) {
  const row = element("example-row").content.firstElementChild.cloneNode(true);
  const [heading, pictures, label, input] = ["h3", ".example-pictures", "label", "input"].map((name) => row.querySelector(name));
  row.dataset.answer = key;
  heading.textContent = words;
  const isFull = () => { label.hidden = pictures.childElementCount >= most; };
  const add = (example) => pictures.append(pictureOf(example, words, isFull));
  shown.forEach(add);
  isFull();
  input.setAttribute("aria-label", interpolate(gettext("Add a picture: %s"), [words]));
  input.addEventListener("change", () => attempt(async () => {
    const form = new FormData();
    form.append("answer", key);
    form.append("image", input.files[0]);
    input.value = "";
    add(await post(`/api/v1/questions/${id}/examples/`, form));
    isFull();
  }));
  return row;
}

function pictureOf({ id, picture }, words, onChange) {
  const figure = element("example-picture").content.firstElementChild.cloneNode(true);
  Object.assign(figure.querySelector("img"), { src: picture, alt: words });
  figure.querySelector("button").addEventListener("click", () => attempt(async () => {
    await remove(`/api/v1/examples/${id}/`);
    figure.remove();
    onChange();
  }));
  return figure;
}

async function attempt(what) {
  const problem = element("example-problem");
  problem.hidden = true;
  try {
    await what();
  } catch (error) {
    problem.textContent = wordsFor(error);
    problem.hidden = false;
  }
}
