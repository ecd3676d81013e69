/** The form with which an admin asks for a prediction. */
import { getAll, post } from "../lib/api.js";
import { fillSelect } from "../lib/fill-select.js";
import { scoreWords } from "../lib/scores.js";

const modelWords = (model) =>
  [`#${model.id}`, model.backbone, interpolate(gettext("threshold %s"), [scoreWords(model.threshold ?? 0)])].join(" · ");

/** Fill the form; when there is nothing to choose from, say what is missing. */
export async function fillRequestForm(form, scene) {
  const [mosaics, models] = await Promise.all([
    getAll("/api/v1/scenes/", { kind: "mosaic" }),
    getAll("/api/v1/model-runs/", { stage: "promoted" }),
  ]);
  fillSelect(form.elements.scene, mosaics.map((each) => [each.id, `${each.town_name} · ${each.name}`]), scene);
  fillSelect(form.elements.model_run, models.map((model) => [model.id, modelWords(model)]), models[0]?.id);
  const missing = [];
  if (!mosaics.length) missing.push(gettext("There is no orthomosaic yet: ingest one with the ingest_mosaic command."));
  if (!models.length) missing.push(gettext("No model is promoted yet: train one, propose it, and have a second person confirm it."));
  form.querySelector("output").textContent = missing.join(" ");
  form.querySelector("[type=submit]").disabled = missing.length > 0;
}

/** Ask for what the form says; returns the new run. */
export function sendRequest(form) {
  const { scene, model_run: model } = form.elements;
  return post("/api/v1/prediction-runs/", { scene: Number(scene.value), model_run: Number(model.value) });
}
