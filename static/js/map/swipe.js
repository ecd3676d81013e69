/** A divider over the map: one layer is drawn on its left, another on its right. */
import { getRenderPixel } from "ol/render.js";

export class Swipe {
  /** `area` is the divider's element with a range input (0 to 100) and two [data-side] names. */
  constructor(map, area, { left, right }) {
    this.map = map;
    this.area = area;
    this.input = area.querySelector("input");
    this.isOpen = false;
    this.#clip(left, (width) => [0, width * this.#share]);
    this.#clip(right, (width) => [width * this.#share, width]);
    this.input.addEventListener("input", () => this.#move());
  }

  /** Show the divider with the names of what lies on its sides. */
  open(names) {
    this.isOpen = true;
    this.area.hidden = false;
    for (const name of this.area.querySelectorAll("[data-side]")) name.textContent = names[name.dataset.side];
    this.#move();
  }

  close() {
    this.isOpen = false;
    this.area.hidden = true;
    this.map.render();
  }

  get #share() {
    return this.input.valueAsNumber / 100;
  }

  #move() {
    this.area.style.setProperty("--share", this.#share);
    this.map.render();
  }

  #clip(layer, columns) {
    layer.on("prerender", (event) => {
      event.context.save();
      if (!this.isOpen) return;
      const [width, height] = this.map.getSize();
      const [from, to] = columns(width);
      event.context.beginPath();
      for (const corner of [[from, 0], [to, 0], [to, height], [from, height]]) event.context.lineTo(...getRenderPixel(event, corner));
      event.context.closePath();
      event.context.clip();
    });
    layer.on("postrender", (event) => event.context.restore());
  }
}
