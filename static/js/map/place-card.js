/** The card of one place: picture, score, address, coordinates, and steps to the next place. */
import { copyTextOf } from "../lib/clipboard.js";
import { coordinateWords, sideM } from "../lib/coordinates.js";
import { scoreWords } from "../lib/scores.js";

export class PlaceCard {
  /** `onStep` gets -1 or 1. */
  constructor(element, { onStep, onClose, onCopied }) {
    this.element = element;
    this.onCopied = onCopied;
    this.part = (name) => element.querySelector(`[data-part="${name}"]`);
    this.part("close").addEventListener("click", onClose);
    this.part("before").addEventListener("click", () => onStep(-1));
    this.part("after").addEventListener("click", () => onStep(1));
    this.part("coordinates").addEventListener("click", () => this.#copy());
    const picture = this.part("picture");
    picture.addEventListener("load", () => picture.classList.remove("missing"));
    picture.addEventListener("error", () => picture.classList.add("missing"));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  show({ geometry, properties }, { hasBefore, hasAfter }) {
    const isOnGround = Boolean(properties.box_4326);
    this.element.hidden = false;
    this.part("approximate").hidden = !properties.is_approximate;
    this.part("at-camera").hidden = isOnGround;
    this.part("on-ground").hidden = !isOnGround;
    this.part("photo").href = properties.photo_url ?? "";
    this.part("where").hidden = !geometry;
    this.part("title").textContent = interpolate(gettext("Score %s"), [scoreWords(properties.score)]);
    this.part("address").textContent = properties.address || gettext("no address");
    this.part("coordinates").textContent = geometry ? coordinateWords(geometry.coordinates) : "";
    this.part("size").textContent = isOnGround
      ? interpolate(gettext("square of %s m"), [Math.round(sideM(properties.box_4326))])
      : gettext("the camera's position");
    if (this.part("picture").getAttribute("src") !== properties.thumbnail) this.part("picture").src = properties.thumbnail;
    this.part("before").disabled = !hasBefore;
    this.part("after").disabled = !hasAfter;
  }

  hide() {
    this.element.hidden = true;
  }

  /** How much of the map's bottom it hides: on a phone it reaches across. */
  coveredPx(map) {
    return this.element.offsetWidth > map.offsetWidth / 2 ? this.element.offsetHeight : 0;
  }

  async #copy() {
    if (await copyTextOf(this.part("coordinates"))) this.onCopied();
  }
}
