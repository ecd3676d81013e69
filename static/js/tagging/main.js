/** The tagging page: joins scene, session and buttons. */
import "ol/ol.css";
import "./tagging.css";
import { ApiError, get, patch, post, remove } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { device } from "../lib/local-storage.js";
import { showNotice } from "../lib/notice.js";
import { element, on, readFacts } from "../lib/page.js";
import { Toast } from "../lib/toast.js";
import { KeptAnswers } from "./kept-answers.js";
import { ModelAnswer } from "./model-answer.js";
import { firstScene, Picker, remember, scenesIn } from "./picker.js";
import { AnswerQueue } from "./queue.js";
import { SceneMap } from "./scene-map.js";
import { Session } from "./session.js";
import { afterKey } from "./square.js";

const RETRY_MS = 15_000; // the queue itself knows when which answer is due
const LONGEST_SENDING_MS = 60_000; // a link that hangs counts as none
const ANSWER_KEYS = { 1: "positive", d: "positive", 2: "negative", n: "negative", 3: "unsure", u: "unsure" };

const facts = readFacts();
const answerButtons = [...document.querySelectorAll("[data-answer]")];
const toast = new Toast(element("toast"));
const queueKey = `damage.tagging.waiting.${facts.person}`;
const queue = new AnswerQueue({
  storage: device,
  key: queueKey,
  send: (body) => post("/api/v1/tags/", body, { signal: AbortSignal.timeout(LONGEST_SENDING_MS) }),
});
const session = new Session({ queue, api: { get, patch, post, remove } });
const map = new SceneMap(element("scene-map"), {
  onMove: moved,
  onTileError: () => { element("tiles-missing").hidden = false; },
});
const picker = new Picker(element("picker"), { onChoose: openScene, onError: tellError });
const model = new ModelAnswer(element("model"), { session, queue, label, sendWaiting });
const kept = new KeptAnswers(element("kept"), element("kept-card"), {
  labelsOf: (slug) => (facts.questions.find((each) => each.slug === slug) ?? question).labels,
  onShow: (item) => showPlace(item.body).catch(tellError),
  onAgain: sendAgain,
  onDiscard: discard,
});
let question = facts.questions[0];
let isUndoing = false;
let told = null; // what stood in the way when answers were sent last

// Showing

function label(answer) {
  return question.labels[answer];
}

function refresh() {
  map.setTagged(session.tagged);
  element("undo").disabled = !session.canUndo;
  const { done, total } = session.coverage;
  element("coverage").textContent = interpolate(gettext("%(done)s of %(total)s places in this scene"), { done, total }, true);
}

/** What the server did not take; and whether this device keeps what waits. */
function showKept() {
  kept.show(queue.troubled);
  element("unkept").hidden = device.isKept(queueKey) || !queue.waiting.length;
}

function showWaiting(isWaiting) {
  const count = queue.waiting.length;
  element("waiting").hidden = !isWaiting || count === 0;
  element("waiting").textContent = interpolate(ngettext("%s waiting", "%s waiting", count), [count]);
}

function showQuestion() {
  element("question-text").textContent = question.text;
  for (const button of answerButtons) button.querySelector("span").textContent = label(button.dataset.answer);
  for (const words of document.querySelectorAll("[data-label]")) words.textContent = label(words.dataset.label);
}

function showState(heading, words) {
  showNotice(element("state"), heading, words);
  element("tagging").classList.add("is-empty");
}

function tellError(error) {
  toast.showError(error, { action: loginAction(error) });
}

function loginAction(error) {
  if (!(error instanceof ApiError) || !error.isLoggedOut) return null;
  const next = encodeURIComponent(location.pathname + location.search);
  return { label: gettext("Log in"), run: () => location.assign(`/login/?next=${next}`) };
}

// Doing

function moved(square) {
  session.square = square;
  model.clear();
}

function answer(value) {
  if (!session.scene || isUndoing) return; // while the square is on its way back, an answer would hit the wrong place
  const hasMore = session.answer(value);
  map.setSquare(session.square);
  model.clear();
  refresh();
  const words = hasMore ? gettext("%s: noted.") : gettext("%s: noted. You have been through this whole scene.");
  const next = hasMore || element("scene-after").disabled ? null : { label: gettext("Next scene"), run: () => step(1) };
  showKept();
  toast.show(interpolate(words, [label(value)]), { action: next ?? { label: gettext("Undo"), run: undo } });
  sendWaiting();
}

async function sendWaiting() {
  const problem = await queue.flush({
    onSent: (item, tag) => session.keep(item, tag),
    onRefused: (item, error) => {
      session.drop(item);
      refresh();
      const show = { label: gettext("Show the place"), run: () => showPlace(item.body).catch(tellError) };
      toast.show(interpolate(gettext("Not accepted: %s"), [wordsFor(error)]), { kind: "error", action: show });
    },
  });
  showWaiting(problem !== null);
  showKept();
  if (problem?.isTooMany && problem !== told) tellError(problem);
  told = problem;
  if (loginAction(problem)) tellError(problem);
}

async function undo() {
  if (isUndoing || !session.canUndo) return;
  isUndoing = true;
  try {
    await session.undo();
    map.setSquare(session.square);
    model.clear();
    refresh();
    showWaiting(queue.waiting.length > 0);
    toast.show(gettext("Taken back."));
  } catch (error) {
    tellError(error);
  } finally {
    isUndoing = false;
  }
}

/** Open the scene of an answer with the square on its place. */
async function showPlace(body) {
  if (session.scene?.id !== body.scene) await openScene(await get(`/api/v1/scenes/${body.scene}/`));
  session.square = { x: body.x_px, y: body.y_px, size: body.size_px };
  map.setSquare(session.square);
  moved(session.square);
}

function sendAgain(item) {
  queue.add(item.body, item.about); // takes the place of the one that is there
  queue.hurry();
  sendWaiting();
}

function discard(item) {
  const isSure = item.refusal || confirm(gettext("The server may still take this answer. Discard it for good?"));
  if (!isSure) return;
  queue.discard(item.id);
  session.drop(item);
  refresh();
  showKept();
  showWaiting(queue.waiting.length > 0);
}

async function openScene(scene) {
  remember(scene);
  element("scene-town").textContent = scene.town_name;
  element("scene-name").textContent = scene.name;
  element("scene-no-gps").hidden = scene.lon !== null;
  element("tiles-missing").hidden = true;
  model.clear();
  const opening = session.open(scene, question);
  map.show(scene, session.square);
  refresh();
  for (const button of [...answerButtons, element("ask")]) button.disabled = false;
  try {
    await Promise.all([opening, showNeighbours(scene)]);
  } catch (error) {
    tellError(error);
  }
  if (session.scene !== scene) return;
  map.setSquare(session.square);
  refresh();
}

function reloadTiles() {
  element("tiles-missing").hidden = true;
  map.reload();
}

async function showNeighbours(scene) {
  const scenes = await scenesIn(scene.town);
  const index = scenes.findIndex(({ id }) => id === scene.id);
  element("scene-before").disabled = index <= 0;
  element("scene-after").disabled = index < 0 || index >= scenes.length - 1;
}

async function step(by) {
  const scenes = await scenesIn(session.scene.town);
  const next = scenes[scenes.findIndex(({ id }) => id === session.scene.id) + by];
  if (next) await openScene(next);
}

function pressed(event) {
  const isTyping = event.target.closest("input, select, textarea, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !session.scene) return;
  const key = event.key.toLowerCase();
  const square = afterKey(session.square, event.key, event.shiftKey, session.scene);
  if (square) {
    map.setSquare(square);
    moved(square);
  } else if (event.repeat) return;
  else if (ANSWER_KEYS[key]) answer(ANSWER_KEYS[key]);
  else if (key === "z") undo();
  else if (key === "m") model.ask();
  else return;
  event.preventDefault();
}

function listen() {
  for (const button of answerButtons) button.addEventListener("click", () => answer(button.dataset.answer));
  on("undo", "click", undo);
  on("ask", "click", () => model.ask());
  on("overview", "click", () => map.toggleOverview());
  on("scene-choose", "click", () => picker.open(session.scene).catch(tellError));
  on("scene-before", "click", () => step(-1).catch(tellError));
  on("scene-after", "click", () => step(1).catch(tellError));
  on("tiles-again", "click", reloadTiles);
  document.addEventListener("keydown", pressed);
  addEventListener("online", () => {
    queue.hurry();
    sendWaiting();
    if (!element("tiles-missing").hidden) reloadTiles();
  });
  addEventListener("storage", () => { showKept(); });
  addEventListener("beforeunload", (event) => { if (queue.waiting.length && !device.isKept(queueKey)) event.preventDefault(); });
  setInterval(() => { if (queue.waiting.length) sendWaiting(); }, RETRY_MS);
}

function offerQuestions() {
  const select = element("question");
  select.append(...facts.questions.map(({ text, slug }) => new Option(text, slug)));
  element("question-choice").hidden = facts.questions.length < 2;
  element("question-text").classList.toggle("visually-hidden", facts.questions.length >= 2);
  select.addEventListener("change", () => {
    question = facts.questions.find(({ slug }) => slug === select.value);
    showQuestion();
    if (session.scene) openScene(session.scene);
  });
}

async function start() {
  listen();
  if (!question) return showState(gettext("No question is open"), gettext("There is nothing to tag at the moment. Thank you for looking in."));
  offerQuestions();
  showQuestion();
  try {
    const scene = await firstScene();
    if (!scene) return showState(gettext("No scenes yet"), gettext("As soon as an admin adds photos, you can begin here."));
    await openScene(scene);
  } catch (error) {
    showState(gettext("The scenes did not load"), wordsFor(error));
  }
  return sendWaiting();
}

start();
