/** The tagging page: joins scene, session and buttons. */
import "ol/ol.css";
import "../lib/answers.css";
import "./tagging.css";
import { ApiError, get, patch, post, remove } from "../lib/api.js";
import { wordsFor } from "../lib/error-messages.js";
import { device } from "../lib/local-storage.js";
import { showNotice } from "../lib/notice.js";
import { element, on, readFacts } from "../lib/page.js";
import { Toast } from "../lib/toast.js";
import { Looking } from "../lib/looking.js";
import { KeptAnswers } from "../lib/kept-answers.js";
import { ModelAnswer } from "../lib/model-answer.js";
import { Picker, placeOfAddress, placeOfQueue, scenesIn } from "./picker.js";
import { AnswerButtons } from "../lib/answer-buttons.js";
import { AnswerQueue } from "../lib/answer-queue.js";
import { digitsOf } from "../lib/answers.js";
import { SceneMap } from "./scene-map.js";
import { Session } from "./session.js";
import { directionOf } from "./square.js";

const RETRY_MS = 15_000; // the queue itself knows when which answer is due
const HINT_AFTER_MS = 500; // a picture that is there sooner needs no words
const LONGEST_SENDING_MS = 60_000; // a link that hangs counts as none

const facts = readFacts();
const buttons = new AnswerButtons({ area: element("answers"), list: element("keys"), hint: element("what-counts") }, answer);
const toast = new Toast(element("toast"));
const queueKey = `damage.tagging.waiting.${facts.person}`;
const queue = new AnswerQueue({
  storage: device,
  key: queueKey,
  send: (body) => post("/api/v1/tags/", body, { signal: AbortSignal.timeout(LONGEST_SENDING_MS) }),
});
const session = new Session({ queue, api: { get, patch, post, remove }, onTag: (square, tag) => map.putTag(square, tag) });
const looking = new Looking({ onChange: allowAnswers });
const map = new SceneMap(element("scene-map"), {
  onMove: moved,
  onSeen: (isSeen) => looking.seen(isSeen),
  colourOf: (answer) => question.answers.find(({ key }) => key === answer)?.colour,
  squareAt: (x, y) => session.squareAt(x, y),
  snapped: (square) => session.snapped(square),
  onTileError: () => { element("tiles-missing").hidden = false; },
});
const picker = new Picker(element("picker"), { onChoose: openScene, onError: tellError });
const model = new ModelAnswer(element("model"), { session, queue, label, sendWaiting });
const kept = new KeptAnswers(element("kept"), element("kept-card"), {
  labelsOf: (slug) => (facts.questions.find((each) => each.slug === slug) ?? question).labels,
  onShow: (item) => showPlace(item.body).catch((error) => tellError(error)),
  onAgain: sendAgain,
  onDiscard: discard,
});
let question = facts.questions[0];
let keys = {}; // which key gives which answer
let isUndoing = false;
let hintTimer = null;
let told = null; // what stood in the way when answers were sent last

// Showing

function label(answer) {
  return question.labels[answer];
}

function allowAnswers(isAllowed) {
  buttons.allow(isAllowed);
  clearTimeout(hintTimer);
  if (isAllowed) element("looking").hidden = true;
  else hintTimer = setTimeout(() => { element("looking").hidden = session.square === null; }, HINT_AFTER_MS);
}

function refresh() {
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
  keys = digitsOf(question.answers);
  buttons.show(question, keys);
}

function showState(heading, words) {
  showNotice(element("state"), heading, words);
  element("tagging").classList.add("is-empty");
}

function tellError(error, { action = null } = {}) {
  toast.showError(error, { action: loginAction(error) ?? action });
}

function loginAction(error) {
  if (!(error instanceof ApiError) || !error.isLoggedOut) return null;
  const next = encodeURIComponent(location.pathname + location.search);
  return { label: gettext("Log in"), run: () => location.assign(`/login/?next=${next}`) };
}

// Doing

function moved(square) {
  session.square = square;
  looking.anew();
  model.clear();
}

function moveTo(square) {
  map.setSquare(square);
  moved(square);
}

function answer(value) {
  // While the square is on its way back, an answer would hit the wrong place; before its picture is there, nothing is seen.
  if (!session.square || isUndoing || !looking.isAllowed) return;
  const hasMore = session.answer(value);
  moveTo(session.square);
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
      const show = { label: gettext("Show the place"), run: () => showPlace(item.body).catch((error) => tellError(error)) };
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
    moveTo(session.square);
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
  const square = { x: body.x_px, y: body.y_px, size: body.size_px };
  if (session.scene?.id === body.scene) moveTo(square);
  else await openScene(await get(`/api/v1/scenes/${body.scene}/`), square);
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

/** Show a scene with its square, which is the first to ask about unless another is meant. */
async function openScene(scene, square = null) {
  history.replaceState(null, "", `?${new URLSearchParams({ scene: scene.id })}`);
  element("scene-town").textContent = scene.town_name;
  element("scene-name").textContent = scene.name;
  element("scene-no-gps").hidden = scene.lon !== null;
  element("tiles-missing").hidden = true;
  model.clear();
  looking.anew();
  map.show(scene);
  refresh();
  try {
    await Promise.all([session.open(scene, question, square), showNeighbours(scene)]);
  } catch (error) {
    tellError(error, { action: { label: gettext("Load again"), run: () => openScene(scene, square) } });
  }
  if (session.scene !== scene || !session.square) return;
  map.setTagged(session.tagged);
  moveTo(session.square);
  element("ask").disabled = false;
  refresh();
}

/** To where an answer is wanted most. */
async function jump() {
  const { scene, square } = await placeOfQueue(question.slug);
  if (scene) await openScene(scene, square);
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
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !session.square) return;
  const key = event.key.toLowerCase();
  const direction = directionOf(event.key);
  if (direction) {
    moveTo(session.moved(direction, event.shiftKey));
  } else if (event.repeat) return;
  else if (keys[key]) answer(keys[key]);
  else if (key === "z") undo();
  else if (key === "m") model.ask();
  else return;
  event.preventDefault();
}

function listen() {
  on("undo", "click", undo);
  on("ask", "click", () => model.ask());
  on("overview", "click", () => map.toggleOverview());
  on("scene-choose", "click", () => picker.open(session.scene).catch((error) => tellError(error)));
  on("scene-before", "click", () => step(-1).catch((error) => tellError(error)));
  on("scene-after", "click", () => step(1).catch((error) => tellError(error)));
  on("tiles-again", "click", reloadTiles);
  on("jump", "click", () => jump().catch((error) => tellError(error)));
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
  allowAnswers(false);
  try {
    let place = await placeOfAddress();
    if (!place.scene) place = await placeOfQueue(question.slug);
    if (!place.scene) return showState(gettext("No scenes yet"), gettext("As soon as an admin adds photos, you can begin here."));
    await openScene(place.scene, place.square);
  } catch (error) {
    showState(gettext("The scenes did not load"), wordsFor(error));
  }
  return sendWaiting();
}

start();
