/** Choosing a scene: by event, town and scene, or the one before and after. */
import { ApiError, get, getAll } from "../lib/api.js";
import { fillSelect } from "../lib/fill-select.js";
import { device } from "../lib/local-storage.js";

const LAST_SCENE = "damage.tagging.scene";

/** The scene to begin with: the address's, else the last one, else the first there is, else null. */
export async function firstScene() {
  const asked = new URLSearchParams(location.search).get("scene") ?? device.getItem(LAST_SCENE);
  if (asked && /^\d+$/.test(asked)) {
    try {
      return await get(`/api/v1/scenes/${asked}/`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
  }
  const page = await get("/api/v1/scenes/", { page_size: 1 });
  return page.results[0] ?? null;
}

export function remember(scene) {
  device.setItem(LAST_SCENE, String(scene.id));
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
