/** The page of an exploration: images laid out by likeness, to look around in. */
import "./explore.css";
import { element, on } from "../lib/page.js";
import { dragged, fitted, groupsOf, markPath, nearest, neighbour, pageOf, placed, showing, thumbnailOf, zoomed } from "./scatter-plot.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 1.6;
const { points, scenes, answers } = JSON.parse(element("explored").textContent);
const plane = element("plane");
const hidden = new Set();
let groups = [];
let view = null;
let chosen = null;
let drag = null;

const ofGroup = (group) => !hidden.has(group.name);
const shownPoints = () => groups.filter(ofGroup).flatMap((group) => group.points);

function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function wordsOf(name) {
  if (element("by").value === "town") return name;
  return answers[name] ?? gettext("no agreed answer");
}

function draw() {
  const radius = Math.min(8, (points.length > 600 ? 3.4 : 5) * Math.sqrt(Math.sqrt(view.scale)));
  const marks = groups.filter(ofGroup).map((group) => {
    const at = group.points.map((point) => placed(point, view));
    const d = at.map(({ x, y }) => markPath(group.shape, x, y, radius)).join("");
    return svg("path", { d, class: `mark tone-${group.tone}` });
  });
  if (chosen && shownPoints().includes(chosen)) {
    const { x, y } = placed(chosen, view);
    marks.push(svg("circle", { cx: x, cy: y, r: radius + 5, class: "chosen" }));
  }
  plane.setAttribute("viewBox", `0 0 ${view.width} ${view.height}`);
  plane.replaceChildren(...marks);
  element("nothing").hidden = marks.length > 0;
  plane.classList.toggle("closer", view.scale > 1);
  element("farther").disabled = element("fit").disabled = view.scale <= 1;
}

function look(next) {
  view = next;
  draw();
}

function choose(point, { follow = false } = {}) {
  if (!point || point === chosen) return;
  chosen = point;
  const scene = scenes[point.scene];
  const href = pageOf(point, scenes);
  element("hint").hidden = true;
  element("card").hidden = false;
  element("card-image").src = thumbnailOf(point);
  element("card-image").alt = interpolate(gettext("Image of %s"), [point.town]);
  element("card-town").textContent = point.town;
  const answer = "label" in point ? (answers[point.label] ?? gettext("no agreed answer")) : "";
  element("card-what").textContent = [scene?.name, answer].filter(Boolean).join(" · ");
  element("card-link").href = href;
  element("card-open").href = href;
  element("card-open").textContent = point.crop ? interpolate(gettext("Open crop %s"), [point.crop]) : gettext("Open the scene");
  look(follow ? showing(view, point) : view);
}

function legend() {
  element("legend").replaceChildren(
    ...groups.map((group) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "legend-item";
      button.setAttribute("aria-pressed", String(ofGroup(group)));
      const mark = svg("svg", { viewBox: "-10 -10 20 20", width: 20, height: 20, "aria-hidden": "true" });
      mark.append(svg("path", { d: markPath(group.shape, 0, 0, 6), class: `mark tone-${group.tone}` }));
      button.append(mark, `${wordsOf(group.name)} (${group.points.length})`);
      button.addEventListener("click", () => {
        if (!hidden.delete(group.name)) hidden.add(group.name);
        button.setAttribute("aria-pressed", String(ofGroup(group)));
        draw();
      });
      return button;
    }),
  );
}

function regroup() {
  hidden.clear();
  groups = groupsOf(points, element("by").value);
  legend();
}

function place(event) {
  const frame = plane.getBoundingClientRect();
  return { x: event.clientX - frame.left, y: event.clientY - frame.top };
}

plane.addEventListener("pointerdown", (event) => {
  drag = { id: event.pointerId, at: place(event), isMove: false };
});
plane.addEventListener("pointermove", (event) => {
  const at = place(event);
  if (!drag) {
    if (event.pointerType === "mouse") choose(nearest(shownPoints(), view, at, 20));
    return;
  }
  const [byX, byY] = [at.x - drag.at.x, at.y - drag.at.y];
  if (view.scale === 1 || (!drag.isMove && Math.hypot(byX, byY) < 6)) return;
  plane.setPointerCapture(drag.id);
  drag = { ...drag, at, isMove: true };
  look(dragged(view, byX, byY));
});
plane.addEventListener("pointerup", (event) => {
  if (drag && !drag.isMove) choose(nearest(shownPoints(), view, place(event), 32));
  drag = null;
});
plane.addEventListener("pointercancel", () => {
  drag = null;
});
plane.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && document.activeElement !== plane) return; // the page scrolls, until the plane was touched
    event.preventDefault();
    look(zoomed(view, event.deltaY < 0 ? STEP : 1 / STEP, place(event)));
  },
  { passive: false },
);
plane.addEventListener("keydown", (event) => {
  if (event.key.startsWith("Arrow")) {
    const shown = shownPoints();
    const middle = { x: view.width / 2, y: view.height / 2 };
    choose(chosen && shown.includes(chosen) ? neighbour(shown, chosen, event.key) : nearest(shown, view, middle, Infinity), { follow: true });
  } else if (event.key === "Enter" && chosen) location.assign(pageOf(chosen, scenes));
  else if (event.key === "+") look(zoomed(view, STEP));
  else if (event.key === "-") look(zoomed(view, 1 / STEP));
  else if (event.key === "0") fit();
  else return;
  event.preventDefault();
});

function fit() {
  look(fitted(points, { width: plane.clientWidth, height: plane.clientHeight }));
}

on("closer", "click", () => look(zoomed(view, STEP, chosen ? placed(chosen, view) : undefined)));
on("farther", "click", () => look(zoomed(view, 1 / STEP)));
on("fit", "click", fit);
on("card-image", "error", () => {
  element("card-image").alt = gettext("The picture did not load.");
});
element("by-frame").hidden = !points.some((point) => point.label);
on("by", "change", () => {
  regroup();
  draw();
});
regroup();
new ResizeObserver(fit).observe(plane);
