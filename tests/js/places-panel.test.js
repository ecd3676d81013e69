import assert from "node:assert/strict";
import { test } from "node:test";
import { PlacesPanel } from "../../static/js/lib/places-panel.js";

globalThis.gettext = (text) => text;
globalThis.interpolate = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

/** As much of an element as the panel asks for. */
class Element extends EventTarget {
  style = {};
  dataset = {};
  attributes = {};
  children = [];
  classList = { toggle() {} };
  constructor(name) {
    super();
    this.name = name;
  }
  append(...children) {
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.children = children;
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  scrollIntoView() {}
  querySelectorAll(name) {
    return this.children.flatMap((child) => [...(child.name === name ? [child] : []), ...child.querySelectorAll(name)]);
  }
}

globalThis.document = { createElement: (name) => new Element(name) };

const RUN = { id: 1, status: "done", threshold: 0.6, geojson_url: "/run.geojson", shapefile_url: "/run.zip" };
const place = (id, score) => ({ id, properties: { score, run: 1 } });
const PLACES = [place(1, 0.9), place(2, 0.7), place(3, 0.3)];

/** A panel before a map that notes what it is told, with a run's places in it. */
async function opened(context, { min = null, run = RUN, entry = () => null } = {}) {
  context.mock.method(globalThis, "fetch", async () => Response.json({ count: 3, next: null, features: PLACES }));
  const told = [];
  const map = Object.fromEntries(
    ["showDetections", "setMinScore", "select", "flyTo"].map((name) => [name, (...facts) => told.push([name, ...facts])]),
  );
  const parts = new Map();
  const area = new Element("div");
  area.querySelector = (name) => parts.get(name) ?? parts.set(name, new Element(name)).get(name);
  const panel = new PlacesPanel(area, {
    map, entry, language: "en", wordsOf: ({ id }) => `place ${id}`, onShow: () => {}, onChoice: () => told.push(["chosen", panel.choice]),
  });
  panel.open(run, min);
  await panel.load();
  told.length = 0;
  return { panel, told, area, part: area.querySelector, buttons: () => parts.get("#places").querySelectorAll("button") };
}

test("the places from the threshold on are listed, best first, and counted", async (context) => {
  const { part, area, buttons } = await opened(context);
  assert.deepEqual(buttons().map(({ dataset }) => dataset.id), [1, 2]);
  assert.equal(part("#count").textContent, "2 of 3 places are shown.");
  assert.equal(part("#geojson").href, "/run.geojson");
  assert.equal(part("#reset").hidden, true);
  assert.equal(area.hidden, false);
});

test("a lower score shows more, and is part of the choice until one goes back to the threshold", async (context) => {
  const { panel, part, told, buttons } = await opened(context);
  part("#min-score").valueAsNumber = 0.2;
  part("#min-score").dispatchEvent(new Event("input"));
  assert.equal(buttons().length, 3);
  assert.deepEqual(told, [["setMinScore", 0.2]]); // the address follows where the slider rests
  part("#min-score").dispatchEvent(new Event("change"));
  assert.deepEqual(told.at(-1), ["chosen", { run: 1, min: 0.2, place: undefined }]);
  part("#reset").dispatchEvent(new Event("click"));
  assert.equal(panel.choice.min, null);
  assert.equal(buttons().length, 2);
});

test("a listed place is chosen, marked and gone to", async (context) => {
  const { panel, told, buttons } = await opened(context);
  buttons()[1].dispatchEvent(new Event("click"));
  assert.deepEqual(told, [["select", PLACES[1]], ["chosen", { run: 1, min: null, place: 2 }], ["flyTo", PLACES[1], 0]]);
  assert.deepEqual(buttons().map(({ attributes }) => attributes["aria-current"]), [false, true]);
  assert.deepEqual(panel.neighbour(-1), PLACES[0]);
  assert.equal(panel.neighbour(1), null);
});

test("where a step leads from a place that is not shown, the page says", async (context) => {
  const { panel } = await opened(context, { entry: (shown, step) => (step < 0 ? shown.at(-1) : null) });
  panel.select(PLACES[2]);
  assert.deepEqual(panel.neighbour(-1), PLACES[1]);
  assert.equal(panel.neighbour(1), null);
});

test("a shared place is gone to, also under the slider", async (context) => {
  const { panel, told } = await opened(context, { min: 0.5 });
  await panel.goToId(3);
  assert.equal(panel.selected.id, 3);
  assert.deepEqual(told.at(-1), ["flyTo", PLACES[2], 0]);
});

test("a run that is not done has no places", async (context) => {
  const { area, buttons } = await opened(context, { run: { ...RUN, status: "running", geojson_url: null } });
  assert.equal(area.hidden, true);
  assert.deepEqual(buttons(), []);
});
