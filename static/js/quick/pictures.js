/** Pictures of places, loaded before their turn and kept until they have had it. */

export class Pictures {
  #loading = new Map(); // by address: { image, ready }
  #make;

  /** `make` gives an image element; another one in tests. */
  constructor({ make = () => new Image() } = {}) {
    this.#make = make;
  }

  /** Load what is to be seen soon, and let go of the rest. */
  prepare(addresses) {
    for (const known of this.#loading.keys()) if (!addresses.includes(known)) this.#loading.delete(known);
    for (const address of addresses) this.#load(address);
  }

  /** An image that is decoded, so that it can be drawn at once. Rejects where it does not come; then it can be asked for again. */
  drawn(address) {
    return this.#load(address).ready;
  }

  #load(address) {
    const known = this.#loading.get(address);
    if (known) return known;
    const image = this.#make();
    image.alt = "";
    image.draggable = false;
    image.src = address;
    const ready = image.decode().then(() => image);
    const entry = { image, ready };
    this.#loading.set(address, entry);
    ready.catch(() => { if (this.#loading.get(address) === entry) this.#loading.delete(address); });
    return entry;
  }
}
