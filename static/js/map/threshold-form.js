/** The form with which an admin sets a finished run's threshold, for its places and files, without predicting again. */
import { post } from "../lib/api.js";
import { fillSelect } from "../lib/fill-select.js";
import { runWords } from "../lib/prediction-run.js";

/** Finished runs of the same model over other imagery; that from before the event comes first, then that of the same town. */
export function runsBeside(run, runs) {
  const others = runs.filter(
    (each) => each.status === "done" && each.model_run === run.model_run && each.scene !== run.scene,
  );
  const rank = (each) => 2 * Number(each.scene_role === "before") + Number(each.town === run.town);
  return others.sort((one, other) => rank(other) - rank(one));
}

export class ThresholdForm {
  #run = null;

  /** `form` is the one of templates/prediction/map.html. */
  constructor(form, { language }) {
    Object.assign(this, { form, language });
  }

  show(run, runs) {
    this.#run = run;
    const { undamaged_run: choice, share } = this.form.elements;
    const others = runsBeside(run, runs);
    fillSelect(choice, others.map((each) => [each.id, `${each.town_name} · ${runWords(each, this.language)}`]), others[0]?.id);
    share.disabled = others.length === 0;
    this.form.querySelector("[type=submit]").disabled = others.length === 0;
    this.form.querySelector("output").textContent = others.length
      ? ""
      : gettext("This model has looked at no other imagery yet: predict the mosaic from before the event first.");
  }

  /** Let imagery from before the event set it; returns the run as it is now. */
  setByUndamaged() {
    const { undamaged_run: choice, share } = this.form.elements;
    return this.#send({ undamaged_run: Number(choice.value), share: share.valueAsNumber / 100 });
  }

  /** Set it to a score. */
  setTo(threshold) {
    return this.#send({ threshold });
  }

  #send(wanted) {
    return post(`/api/v1/prediction-runs/${this.#run.id}/threshold/`, wanted);
  }
}
