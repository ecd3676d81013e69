/**
 * The cells of a scene: the squares that everybody is asked about, as the server lays them out, and which of them a person
 * has been through. Each answer takes the same time however large the scene and however much is tagged. No page, no map.
 *
 * People's squares stand on whole and half cells, so that two who mean the same house mean the same square.
 */

const ENOUGH_COVERED = 0.75; // of a cell, by a square that is no cell: of another time or program

export class Cells {
  #starts;
  #size;
  #columns;
  #rows;
  #asked; // a byte a cell
  #through; // how many squares speak for a cell
  #done = 0;
  #total = 0;

  /** What `/api/v1/scenes/ID/cells/` answers. */
  constructor({ size_px: size, xs, ys, asked }) {
    this.#size = size;
    this.#starts = { x: xs, y: ys };
    this.#columns = new Map(xs.map((x, column) => [x, column]));
    this.#rows = new Map(ys.map((y, row) => [y, row]));
    this.#asked = unpacked(asked, xs.length * ys.length);
    this.#through = new Uint16Array(xs.length * ys.length);
    this.#total = this.#asked.reduce((sum, bit) => sum + bit, 0);
  }

  get size() {
    return this.#size;
  }

  /** How many of the cells that are asked about one has been through. */
  get coverage() {
    return { done: this.#done, total: this.#total };
  }

  /** Count a square as answered, or with -1 no longer. */
  mark(square, by = 1) {
    for (const cell of this.#coveredBy(square)) {
      const was = this.#through[cell];
      this.#through[cell] = was + by;
      if (this.#asked[cell] && (was === 0) !== (was + by === 0)) this.#done += by;
    }
  }

  /** The next cell to ask about after a square, row by row, every second one backwards, from the top again; else null. */
  next(square = null) {
    const count = this.#asked.length;
    const here = square ? this.#turn(this.#cellNear(square)) : -1;
    for (let step = 1; step <= count; step += 1) {
      const cell = this.#turn((here + step) % count);
      if (this.#asked[cell] && !this.#through[cell]) return this.#square(cell);
    }
    return null;
  }

  /** The first cell that shows ground at all, or the middle one where none does. */
  get first() {
    const cell = this.#asked.indexOf(1);
    return this.#square(cell < 0 ? this.#asked.length >> 1 : cell);
  }

  /** The square on whole or half cells that lies nearest to a square. */
  snapped({ x, y }) {
    return { x: nearest(this.#starts.x, x), y: nearest(this.#starts.y, y), size: this.#size };
  }

  /** The square a half cell further, or with `isFar` a whole one, in a direction of -1, 0 or 1 each way. */
  moved(square, [across, down], isFar) {
    const by = isFar ? 2 : 1;
    const { x, y } = this.snapped(square);
    return { x: stepped(this.#starts.x, x, across * by), y: stepped(this.#starts.y, y, down * by), size: this.#size };
  }

  /** Even rows run forwards, odd ones backwards: from a cell to its place in that walk, and back. */
  #turn(cell) {
    const across = this.#starts.x.length;
    const row = Math.floor(cell / across);
    return row % 2 === 0 ? cell : row * across + (across - 1 - (cell % across));
  }

  #square(cell) {
    const across = this.#starts.x.length;
    return { x: this.#starts.x[cell % across], y: this.#starts.y[Math.floor(cell / across)], size: this.#size };
  }

  #cellNear({ x, y, size }) {
    const off = (size - this.#size) / 2;
    const column = nearestIndex(this.#starts.x, x + off);
    return nearestIndex(this.#starts.y, y + off) * this.#starts.x.length + column;
  }

  /** A cell speaks for itself alone; another square for the cells that it mostly covers. */
  #coveredBy(square) {
    const own = [this.#columns.get(square.x), this.#rows.get(square.y)];
    const across = this.#starts.x.length;
    if (square.size === this.#size && own.every((index) => index !== undefined)) return [own[1] * across + own[0]];
    const columns = shares(this.#starts.x, square.x, square.size, this.#size);
    const rows = shares(this.#starts.y, square.y, square.size, this.#size);
    return rows.flatMap(([row, down]) => columns
      .filter(([, width]) => width * down >= ENOUGH_COVERED)
      .map(([column]) => row * across + column));
  }
}

function unpacked(base64, count) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return Uint8Array.from({ length: count }, (_, index) => (bytes[index >> 3] >> (7 - (index & 7))) & 1);
}

/** Where among evenly rising starts a value belongs: the index of the one that is nearest. */
function nearestIndex(starts, value) {
  const step = starts.length > 1 ? starts.at(-1) / (starts.length - 1) : 1;
  const guess = Math.round(value / step);
  return Math.max(0, Math.min(guess, starts.length - 1));
}

/** The lattice of whole and half cells along one side: how many places it has, and where each begins. */
const places = (starts) => 2 * starts.length - 1;
const placeAt = (starts, index) => (index % 2 === 0
  ? starts[index / 2]
  : Math.floor((starts[(index - 1) / 2] + starts[(index + 1) / 2]) / 2));

function nearestPlace(starts, value) {
  const whole = nearestIndex(starts, value) * 2;
  const near = [whole - 1, whole, whole + 1].filter((index) => index >= 0 && index < places(starts));
  return near.reduce((best, index) => (
    Math.abs(placeAt(starts, index) - value) < Math.abs(placeAt(starts, best) - value) ? index : best
  ));
}

const nearest = (starts, value) => placeAt(starts, nearestPlace(starts, value));

function stepped(starts, value, by) {
  const index = Math.max(0, Math.min(nearestPlace(starts, value) + by, places(starts) - 1));
  return placeAt(starts, index);
}

/** [index, share] of the cells along one side of which a square that begins at `start` covers something. */
function shares(starts, start, size, cellSize) {
  const first = Math.max(0, nearestIndex(starts, start - cellSize) - 1);
  const found = [];
  for (let index = first; index < starts.length && starts[index] < start + size; index += 1) {
    const covered = Math.min(starts[index] + cellSize, start + size) - Math.max(starts[index], start);
    if (covered > 0) found.push([index, covered / cellSize]);
  }
  return found;
}
