/** Choosing a scene: by event, town and scene, or the one before and after. */
import { ApiError, get, getAll } from "../lib/api.js";
import { fillSelect } from "../lib/fill-select.js";

/** The scene and the square that the page's address names: { scene, square }, either null where it names none or there is none. */
export async function placeOfAddress(search = location.search) {
  const given = new URLSearchParams(search);
  const number = (name) => (/^\d{1,10}$/.test(given.get(name) ?? "") ? Number(given.get(name)) : null);
  const [x, y, size] = ["x", "y", "size"].map(number);
  const square = x !== null && y !== null && size ? { x, y, size } : null;
  const scene = number("scene") === null ? null : await sceneOf(number("scene"));
  return { scene, square: scene ? square : null };
}

async function sceneOf(id) {
  try {
    return await get(`/api/v1/scenes/${id}/`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** A scene and a square where an answer is wanted most: { scene, square }, both null where there is none. */
export async function placeOfQueue(question) {
  const { squares } = await get("/api/v1/queue/", { question, count: 1 });
  if (!squares.length) return firstOfAll();
  const [{ scene, x_px: x, y_px: y, size_px: size }] = squares;
  return { scene: await get(`/api/v1/scenes/${scene}/`), square: { x, y, size } };
}

/** Nothing is wanted: then the first scene there is, to look at. */
async function firstOfAll() {
  const page = await get("/api/v1/scenes/", { page_size: 1 });
  return { scene: page.results[0] ?? null, square: null };
}

const scenesOf = new Map();

/** A town's scenes, in order; asked for once. */
export async function scenesIn(town) {
  if (!scenesOf.has(town)) scenesOf.set(town, await getAll("/api/v1/scenes/", { town }));
  return scenesOf.get(town);
}

export class Picker {
  #dialog;
  #selects;
  #scenes = [];

  /** `dialog` holds three selects named event, town and scene, and a form whose submission chooses. */
  constructor(dialog, { onChoose, onError }) {
    this.#dialog = dialog;
    this.#selects = Object.fromEntries(
      ["event", "town", "scene"].map((name) => [name, dialog.querySelector(`[name=${name}]`)]),
    );
    const guarded = (step) => () => step().catch(onError);
    this.#selects.event.addEventListener("change", guarded(() => this.#fillTowns()));
    this.#selects.town.addEventListener("change", guarded(() => this.#fillScenes()));
    dialog.querySelector("form").addEventListener("submit", () => {
      const chosen = this.#scenes.find((scene) => String(scene.id) === this.#selects.scene.value);
      if (chosen) onChoose(chosen);
    });
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  }

  /** Open the dialog with the present scene chosen. */
  async open(scene) {
    this.#dialog.showModal();
    fill(this.#selects.event, await getAll("/api/v1/events/"), scene?.event);
    await this.#fillTowns(scene);
  }

  async #fillTowns(scene) {
    const event = this.#selects.event.value;
    fill(this.#selects.town, event ? await getAll("/api/v1/towns/", { event }) : [], scene?.town);
    await this.#fillScenes(scene);
  }

  async #fillScenes(scene) {
    const town = this.#selects.town.value;
    this.#scenes = town ? await scenesIn(Number(town)) : [];
    fill(this.#selects.scene, this.#scenes, scene?.id);
    this.#dialog.querySelector("[type=submit]").disabled = !this.#scenes.length;
  }
}

function fill(select, rows, chosen) {
  fillSelect(select, rows.map(({ id, name }) => [id, name]), chosen);
  if (!rows.length) select.append(new Option(gettext("none yet"), ""));
}
