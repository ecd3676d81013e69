/** The page of recent tags: look, filter, change the answer, delete. */
import "./tags.css";
import { ApiError, get, patch, post, remove } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { element, language, on, readFacts } from "../lib/page.js";
import { Toast } from "../lib/toast.js";
import { toneOf } from "../lib/answers.js";
import { addressOf, answersOf, choiceIn, PAGE_SIZE, span, wanted } from "./listing.js";

const facts = readFacts();
const filters = element("filters");
const toast = new Toast(element("toast"));
const when = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
let choice = choiceIn(location.search);
let asked = 0;

const tellError = (error) => toast.showError(error);

function questionOf(slug) {
  return facts.questions.find((question) => question.slug === slug) ?? facts.questions[0];
}

/** The labels of a tag's question, or of the first. */
function labelsOf(slug) {
  return questionOf(slug).labels;
}

async function show() {
  const turn = ++asked;
  element("list").setAttribute("aria-busy", "true");
  try {
    const page = await get("/api/v1/tags/", wanted(choice));
    if (turn === asked) draw(page);
  } catch (error) {
    if (turn !== asked) return undefined;
    if (error instanceof ApiError && error.status === 404 && choice.page > 1) return go({ page: 1 }); // the list grew shorter
    showState(gettext("The tags did not load"), wordsFor(error));
  }
  return undefined;
}

function draw({ count, results, next }) {
  element("state").hidden = true;
  element("list").hidden = false;
  element("list").removeAttribute("aria-busy");
  element("list").replaceChildren(...results.map(card));
  element("pages").hidden = count <= PAGE_SIZE;
  element("newer").disabled = choice.page <= 1;
  element("older").disabled = !next;
  const words = gettext("%(first)s to %(last)s of %(count)s");
  element("summary").textContent = count ? interpolate(words, span(choice.page, results.length, count), true) : "";
  if (count) return;
  if (choice.answer || choice.whose === "everybody") showState(gettext("Nothing like this"), gettext("No tag fits what is chosen above."));
  else showState(gettext("No tags yet"), gettext("What you tag appears here, to look at, change or delete."));
}

function showState(heading, words) {
  element("state").querySelector("h2").textContent = heading;
  element("state").querySelector("p").textContent = words;
  element("state").hidden = false;
  element("list").hidden = true;
  element("pages").hidden = true;
  element("summary").textContent = "";
}

function isMine(tag) {
  return tag.tagger === facts.name;
}

function card(tag) {
  const item = element("card").content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(name);
  const time = when.format(new Date(tag.updated_at));
  part("img").src = tag.thumbnail;
  part("img").alt = interpolate(gettext("Square in %s"), [tag.town_name]);
  if (tag.scene) part("a").href = `/tag/explore/?${new URLSearchParams({ scene: tag.scene, x: tag.x_px, y: tag.y_px, size: tag.size_px })}`;
  part(".tag-place").textContent = tag.town_name;
  part(".tag-scene").textContent = tag.scene_name;
  part(".tag-when").textContent = isMine(tag) ? time : `${tag.tagger} · ${time}`;
  paint(item, tag);
  const labels = labelsOf(tag.question);
  const select = part("select");
  select.append(...Object.entries(labels).map(([value, label]) => new Option(label, value)));
  select.value = tag.answer;
  select.hidden = !isMine(tag);
  select.addEventListener("change", () => change(item, tag, select));
  part(".tag-said").textContent = labels[tag.answer];
  part(".tag-said").hidden = isMine(tag);
  part(".tag-delete").hidden = !isMine(tag) && !facts.deletesAny;
  part(".tag-delete").addEventListener("click", () => destroy(item, tag).catch(tellError));
  return item;
}

function paint(item, tag) {
  for (const name of [...item.classList]) if (name.startsWith("tone-")) item.classList.remove(name);
  item.classList.add(toneOf(questionOf(tag.question), tag.answer));
}

async function change(item, tag, select) {
  const before = tag.answer;
  try {
    tag.answer = (await patch(`/api/v1/tags/${tag.id}/`, { answer: select.value })).answer;
    const again = () => {
      select.value = before;
      change(item, tag, select);
    };
    const words = interpolate(gettext("Changed to %s."), [labelsOf(tag.question)[tag.answer]]);
    toast.show(words, { action: { label: gettext("Undo"), run: again } });
  } catch (error) {
    tellError(error);
  }
  select.value = tag.answer;
  paint(item, tag);
}

async function destroy(item, tag) {
  const canReturn = isMine(tag) && tag.scene !== null;
  const question = gettext("Delete this tag for good?");
  if (!canReturn && !confirm(question)) return;
  await remove(`/api/v1/tags/${tag.id}/`);
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  (neighbour?.querySelector(".tag-delete:not([hidden])") ?? element("heading")).focus();
  const action = { label: gettext("Undo"), run: () => restore(tag).catch(tellError) };
  toast.show(gettext("Deleted."), { action: canReturn ? action : null });
  item.remove();
  await show();
}

/** A deleted tag comes back as the same answer for the same square. */
async function restore(tag) {
  const { scene, x_px, y_px, size_px, question, answer } = tag;
  await post("/api/v1/tags/", { scene, x_px, y_px, size_px, question, answer });
  await show();
}

function go(part) {
  choice = { ...choice, ...part };
  history.replaceState(null, "", location.pathname + addressOf(choice));
  return show();
}

/** The answers of the chosen question, or of all; the chosen one stays where it is among them. */
function offerAnswers(chosen) {
  const { answer, question } = filters.elements;
  const labels = answersOf(facts.questions.filter(({ slug }) => !question.value || slug === question.value));
  answer.replaceChildren(answer.options[0], ...[...labels].map(([key, label]) => new Option(label, key)));
  answer.value = labels.has(chosen) ? chosen : "";
}

function start() {
  const selects = [...filters.querySelectorAll("select")];
  const { question } = filters.elements;
  for (const select of selects) {
    if (select.name !== "answer" && choice[select.name]) select.value = choice[select.name];
  }
  offerAnswers(choice.answer);
  for (const select of selects) {
    select.addEventListener("change", () => {
      if (select === question) offerAnswers(choice.answer);
      go({ [select.name]: select.value, answer: filters.elements.answer.value, page: 1 });
    });
  }
  filters.addEventListener("submit", (event) => event.preventDefault());
  for (const [id, by] of [["newer", -1], ["older", 1]]) {
    on(id, "click", async () => {
      await go({ page: choice.page + by });
      scrollTo(0, 0);
      element("heading").focus({ preventScroll: true });
    });
  }
  show();
}

start();
