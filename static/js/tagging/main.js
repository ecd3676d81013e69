/** The tagging page: joins scene, session and buttons. */
import "ol/ol.css";
import "./tagging.css";
import { ApiError, get, patch, post, remove } from "../lib/api.js";
import { device } from "../lib/local-storage.js";
import { Toast } from "../lib/toast.js";
import { wordsFor } from "../lib/error-messages.js";
import { firstScene, Picker, remember, scenesIn } from "./picker.js";
import { AnswerQueue } from "./queue.js";
import { SceneMap } from "./scene-map.js";
import { Session } from "./session.js";
import { afterKey } from "./square.js";

const RETRY_MS = 15_000; // the queue itself knows when which answer is due
const LONGEST_SENDING_MS = 60_000; // a link that hangs counts as none
const ANSWER_KEYS = { 1: "positive", d: "positive", 2: "negative", n: "negative", 3: "unsure", u: "unsure" };

const element = (id) => document.getElementById(id);
const facts = JSON.parse(element("facts").textContent);
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

/** The answers that the server did not take, each with the reason; and whether this device keeps what waits. */
function showKept() {
  const items = queue.troubled;
  element("kept").hidden = items.length === 0;
  element("kept-count").textContent = interpolate(ngettext("%s answer is not stored", "%s answers are not stored", items.length), [items.length]);
  element("kept-list").replaceChildren(...items.map(keptCard));
  element("unkept").hidden = device.isKept(queueKey) || !queue.waiting.length;
}

function keptCard(item) {
  const card = element("kept-card").content.firstElementChild.cloneNode(true);
  const part = (name) => card.querySelector(name);
  const { labels } = facts.questions.find(({ slug }) => slug === item.body.question) ?? question;
  part("b").textContent = labels[item.body.answer];
  part(".kept-place").textContent = [item.about?.townName, item.about?.sceneName].filter(Boolean).join(" · ");
  part(".kept-reason").textContent = item.refusal
    ? `${item.refusal.detail} ${item.refusal.remedy}`.trim()
    : gettext("The server could not store it so far. It is tried again by itself.");
  part(".kept-show").addEventListener("click", () => showPlace(item.body).catch(tellError));
  part(".kept-again").addEventListener("click", () => sendAgain(item));
  part(".kept-discard").addEventListener("click", () => discard(item));
  return card;
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
  const title = document.createElement("h2");
  const text = document.createElement("p");
  title.textContent = heading;
  text.textContent = words;
  element("state").replaceChildren(title, text);
  element("state").hidden = false;
  element("tagging").classList.add("is-empty");
}

function showModel(words, { isAnswer = false, share = null } = {}) {
  const box = element("model");
  box.textContent = words;
  box.hidden = !words;
  if (!isAnswer) return;
  const caution = document.createElement("small");
  caution.textContent = gettext("It can be wrong: what you see counts.");
  if (share !== null) box.append(meter(share));
  box.append(document.createElement("br"), caution);
}

function meter(share) {
  const bar = document.createElement("meter");
  bar.value = share;
  bar.setAttribute("aria-label", gettext("Score"));
  return bar;
}

function tellError(error) {
  toast.show(wordsFor(error), { kind: "error", action: loginAction(error) });
}

function loginAction(error) {
  if (!(error instanceof ApiError) || !error.isLoggedOut) return null;
  const next = encodeURIComponent(location.pathname + location.search);
  return { label: gettext("Log in"), run: () => location.assign(`/login/?next=${next}`) };
}

// Doing

function moved(square) {
  session.square = square;
  showModel("");
}

function answer(value) {
  if (!session.scene || isUndoing) return; // while the square is on its way back, an answer would hit the wrong place
  const hasMore = session.answer(value);
  map.setSquare(session.square);
  showModel("");
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
    showModel("");
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

/** Ask about the square that was answered last, or the one that one stands on if it is answered: never before. */
async function askModel() {
  if (!session.scene) return;
  const asked = session.askable;
  if (!asked) return showModel(gettext("Answer a square first. Then you can ask what the model says about it."));
  showModel(gettext("Asking…"));
  await sendWaiting();
  const isElsewhere = () => JSON.stringify(session.askable) !== JSON.stringify(asked);
  if (isElsewhere()) return undefined;
  if (queue.holds(asked.place)) return showModel(gettext("Your answer has not reached the server yet. Ask again once it has."));
  try {
    const answer = await patiently(() => post("/api/v1/model-answer/", asked.place), isElsewhere);
    if (!isElsewhere()) showModelAnswer(asked, answer); // else it is about a place that is no longer meant
  } catch (error) {
    if (isElsewhere()) return undefined;
    showModel(error instanceof ApiError && error.status === 409 ? gettext("There is no model yet: answer what you see.") : wordsFor(error));
  }
  return undefined;
}

function showModelAnswer({ answer }, { is_positive: isPositive, score = null }) {
  const said = { yours: label(answer), models: label(isPositive ? "positive" : "negative"), score: score?.toFixed(2) };
  const words = score === null
    ? gettext("Your last answer: %(yours)s. The model says: %(models)s.")
    : gettext("Your last answer: %(yours)s. The model says: %(models)s (score %(score)s).");
  showModel(interpolate(words, said, true), { isAnswer: true, share: score });
}

async function openScene(scene) {
  remember(scene);
  element("scene-town").textContent = scene.town_name;
  element("scene-name").textContent = scene.name;
  element("scene-no-gps").hidden = scene.lon !== null;
  element("tiles-missing").hidden = true;
  showModel("");
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
  else if (key === "m") askModel();
  else return;
  event.preventDefault();
}

function listen() {
  for (const button of answerButtons) button.addEventListener("click", () => answer(button.dataset.answer));
  element("undo").addEventListener("click", undo);
  element("ask").addEventListener("click", askModel);
  element("overview").addEventListener("click", () => map.toggleOverview());
  element("scene-choose").addEventListener("click", () => picker.open(session.scene).catch(tellError));
  element("scene-before").addEventListener("click", () => step(-1).catch(tellError));
  element("scene-after").addEventListener("click", () => step(1).catch(tellError));
  element("tiles-again").addEventListener("click", reloadTiles);
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
