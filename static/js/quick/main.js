/** The quick page: one place after the other, large, answered by button, key or swipe. */
import "../lib/answers.css";
import "./quick.css";
import { ApiError, get, patch, post, remove } from "../lib/api.js";
import { AnswerButtons } from "../lib/answer-buttons.js";
import { AnswerQueue } from "../lib/answer-queue.js";
import { keysOf, swipesOf } from "../lib/answers.js";
import { wordsFor } from "../lib/error-messages.js";
import { KeptAnswers } from "../lib/kept-answers.js";
import { device } from "../lib/local-storage.js";
import { Looking } from "../lib/looking.js";
import { ModelAnswer } from "../lib/model-answer.js";
import { showNotice } from "../lib/notice.js";
import { element, on, readFacts } from "../lib/page.js";
import { Toast } from "../lib/toast.js";
import { Pictures } from "./pictures.js";
import { Places } from "./places.js";
import { swipeOf, watchDrag } from "./swipe.js";

const RETRY_MS = 15_000;
const LONGEST_SENDING_MS = 60_000;
const ALONG = 50;

const facts = readFacts();
const buttons = new AnswerButtons({ area: element("answers"), list: element("keys"), hint: element("what-counts") }, answer);
const frame = element("frame");
const toast = new Toast(element("toast"));
const queueKey = `damage.tagging.waiting.${facts.person}`;
const queue = new AnswerQueue({
  storage: device,
  key: queueKey,
  send: (body) => post("/api/v1/tags/", body, { signal: AbortSignal.timeout(LONGEST_SENDING_MS) }),
});
const places = new Places({ queue, api: { get, patch, post, remove } });
const pictures = new Pictures();
const looking = new Looking({ onChange: (isAllowed) => buttons.allow(isAllowed) });
const asking = { get askable() { return places.last; }, scene: true };
const model = new ModelAnswer(element("model"), { session: asking, queue, label, sendWaiting });
const kept = new KeptAnswers(element("kept"), element("kept-card"), {
  labelsOf: (slug) => (facts.questions.find((each) => each.slug === slug) ?? question).labels,
  onShow: ({ body }) => location.assign(exploreAddress(body)),
  onAgain: (item) => { queue.add(item.body, item.about); queue.hurry(); sendWaiting(); },
  onDiscard: discard,
});
let question = facts.questions[0];
let keys = {}; // which key gives which answer
let swipes = {};
let isUndoing = false;
let isClose = false; // looking closer: a drag moves the picture
let told = null;

function label(answer) {
  return question.labels[answer];
}

// Showing

/** Show the place whose turn it is, once its picture is there. */
async function show() {
  const place = places.here;
  looking.seen(false);
  lookCloser(false);
  refresh();
  if (!place) return places.isThrough ? showEnd() : frame.replaceChildren();
  element("state").hidden = true;
  element("quick").classList.remove("is-empty");
  element("where").textContent = [place.town_name, place.scene_name].join(" · ");
  element("explore").href = exploreAddress(place);
  pictures.prepare(places.soon.map(({ picture }) => picture));
  if (frame.dataset.picture !== place.picture) frame.replaceChildren();
  element("loading").hidden = false;
  element("missing").hidden = true;
  try {
    const image = await pictures.drawn(place.picture);
    if (places.here !== place) return undefined;
    frame.dataset.picture = place.picture;
    frame.style.setProperty("--margin", (1 - place.size_px / place.picture_side_px) / 2);
    frame.replaceChildren(image);
    requestAnimationFrame(() => requestAnimationFrame(() => { if (places.here === place) looking.seen(true); }));
  } catch {
    if (places.here === place) element("missing").hidden = false;
  } finally {
    if (places.here === place) element("loading").hidden = true;
  }
  return undefined;
}

function refresh() {
  element("undo").disabled = !places.canUndo;
  element("count").textContent = interpolate(ngettext("%s place answered", "%s places answered", places.count), [places.count]);
}

function showEnd() {
  const count = interpolate(ngettext("You have looked at %s place.", "You have looked at %s places.", places.count), [places.count]);
  const words = places.count
    ? gettext("Thank you. Others look at the same places; together your answers teach the model where the damage is.")
    : gettext("There is nothing to answer at the moment. As soon as new imagery comes in, it is here.");
  showNotice(element("state"), places.count ? count : gettext("Nothing to answer"), words, () => start().catch(tellError));
  element("quick").classList.add("is-empty");
}

function showWaiting(isWaiting) {
  const count = queue.waiting.length;
  element("waiting").hidden = !isWaiting || count === 0;
  element("waiting").textContent = interpolate(ngettext("%s waiting", "%s waiting", count), [count]);
}

function showKept() {
  kept.show(queue.troubled);
  element("unkept").hidden = device.isKept(queueKey) || !queue.waiting.length;
}

function showQuestion() {
  element("question-text").textContent = question.text;
  keys = keysOf(question.answers);
  swipes = swipesOf(question.answers);
  buttons.show(question, keys);
}

function tellError(error) {
  toast.showError(error, { action: loginAction(error) });
}

function loginAction(error) {
  if (!(error instanceof ApiError) || !error.isLoggedOut) return null;
  const next = encodeURIComponent(location.pathname + location.search);
  return { label: gettext("Log in"), run: () => location.assign(`/login/?next=${next}`) };
}

function exploreAddress({ scene, x_px: x, y_px: y, size_px: size }) {
  return `/tag/explore/?${new URLSearchParams({ scene, x, y, size })}`;
}

// Doing

function answer(value) {
  if (!places.here || isUndoing || !looking.isAllowed) return;
  places.answer(value);
  looking.anew();
  model.clear();
  toast.show(interpolate(gettext("%s: noted."), [label(value)]), { action: { label: gettext("Undo"), run: undo } });
  showKept();
  show();
  const sending = sendWaiting();
  // What has not arrived yet would be offered again: with nothing left, the server is asked once it knows.
  if (places.here) more();
  else sending.then(more);
}

async function more() {
  try {
    const name = await places.more();
    if (name) element("event").textContent = name;
    pictures.prepare(places.soon.map(({ picture }) => picture));
    if (!frame.dataset.picture || !places.here || places.here.picture !== frame.dataset.picture) await show();
  } catch (error) {
    if (places.here) return;
    showNotice(element("state"), gettext("The places did not load"), wordsFor(error), () => more());
    element("quick").classList.add("is-empty");
  }
}

async function sendWaiting() {
  const problem = await queue.flush({
    onSent: (item, tag) => places.keep(item, tag),
    onRefused: (item, error) => {
      places.drop(item);
      refresh();
      toast.show(interpolate(gettext("Not accepted: %s"), [wordsFor(error)]), { kind: "error" });
    },
  });
  showWaiting(problem !== null);
  showKept();
  if (problem?.isTooMany && problem !== told) tellError(problem);
  told = problem;
  if (loginAction(problem)) tellError(problem);
}

async function undo() {
  if (isUndoing || !places.canUndo) return;
  isUndoing = true;
  try {
    await places.undo();
    model.clear();
    showWaiting(queue.waiting.length > 0);
    toast.show(gettext("Taken back."));
    await show();
  } catch (error) {
    tellError(error);
  } finally {
    isUndoing = false;
  }
}

function skip() {
  if (!places.here) return;
  places.skip();
  show();
  more();
}

function discard(item) {
  if (!item.refusal && !confirm(gettext("The server may still take this answer. Discard it for good?"))) return;
  queue.discard(item.id);
  places.drop(item);
  showKept();
  showWaiting(queue.waiting.length > 0);
}

/** Ask for many places and load their pictures, for a while without network. */
async function takeAlong() {
  const button = element("along");
  button.disabled = true;
  try {
    await places.more(ALONG);
    const wanted = places.all.map(({ picture }) => picture);
    pictures.prepare(wanted);
    let loaded = 0;
    await Promise.all(wanted.map(async (address) => {
      await pictures.drawn(address);
      loaded += 1;
      button.textContent = interpolate(gettext("%(done)s of %(total)s taken along"), { done: loaded, total: wanted.length }, true);
    }));
    toast.show(gettext("You can go on without network, as long as you keep this page open."));
  } catch (error) {
    tellError(error);
  } finally {
    button.disabled = false;
    button.textContent = gettext("Take 50 along");
    await show();
  }
}

function lookCloser(isWanted) {
  isClose = isWanted;
  frame.classList.toggle("is-close", isClose);
  element("closer").setAttribute("aria-pressed", String(isClose));
  move(0, 0);
}

function move(x, y) {
  frame.style.setProperty("--x", `${x}px`);
  frame.style.setProperty("--y", `${y}px`);
}

function watchPicture() {
  let at = { x: 0, y: 0 };
  const most = () => frame.clientWidth * 0.6;
  const held = (value) => Math.max(-most(), Math.min(value, most()));
  watchDrag(frame, {
    onMove: (x, y) => move(...(isClose ? [held(at.x + x), held(at.y + y)] : [x / 2, Math.min(0, y / 2)])),
    onEnd: (x, y) => {
      if (isClose) {
        at = { x: held(at.x + x), y: held(at.y + y) };
        return;
      }
      move(0, 0);
      at = { x: 0, y: 0 };
      const swipe = swipeOf(x, y);
      if (swipes[swipe]) answer(swipes[swipe]);
    },
  });
}

function pressed(event) {
  const isTyping = event.target.closest("input, select, textarea, dialog, summary, a");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === " " && event.target.closest("button")) return; // it presses the button
  const key = event.key.toLowerCase();
  if (keys[event.key]) answer(keys[event.key]);
  else if (key === "z") undo();
  else if (key === "m") model.ask();
  else if (key === "c") lookCloser(!isClose);
  else return;
  event.preventDefault();
}

function listen() {
  on("undo", "click", undo);
  on("ask", "click", () => model.ask());
  on("closer", "click", () => lookCloser(!isClose));
  on("along", "click", takeAlong);
  on("again", "click", show);
  on("skip", "click", skip);
  document.addEventListener("keydown", pressed);
  watchPicture();
  addEventListener("online", () => {
    queue.hurry();
    sendWaiting();
    more();
    if (!element("missing").hidden) show();
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
    start().catch(tellError);
  });
}

async function start() {
  showQuestion();
  delete frame.dataset.picture;
  try {
    element("event").textContent = (await places.begin(question.slug, facts.event)) ?? "";
  } catch (error) {
    showNotice(element("state"), gettext("The places did not load"), wordsFor(error), () => start());
    element("quick").classList.add("is-empty");
    return sendWaiting();
  }
  await show();
  return sendWaiting();
}

listen();
if (!question) {
  showNotice(element("state"), gettext("No question is open"), gettext("There is nothing to tag at the moment. Thank you for looking in."));
  element("quick").classList.add("is-empty");
} else {
  offerQuestions();
  start();
}
