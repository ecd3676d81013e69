/**
 * Squares in scene pixels: { x, y, size }, x to the right and y down, integers; x, y is the top left corner.
 * Pure: no page, no map.
 */

/** No square is larger, whatever a question asks for; as in tagging/limits.py. */
export const MOST_SIZE_PX = 4096;

/** The side that a square of `wanted` pixels can have in a scene: a small scene makes it smaller. */
export function fittingSize(scene, wanted) {
  return Math.min(wanted, MOST_SIZE_PX, scene.width_px, scene.height_px);
}

/** The nearest square that lies wholly inside the scene, on whole pixels. */
export function inside(square, scene) {
  const clamp = (value, most) => Math.max(0, Math.min(Math.round(value), most));
  return {
    x: clamp(square.x, scene.width_px - square.size),
    y: clamp(square.y, scene.height_px - square.size),
    size: square.size,
  };
}

/** The square around a point, moved inside the scene where it would leave it. */
export function centredOn(x, y, size, scene) {
  return inside({ x: x - size / 2, y: y - size / 2, size }, scene);
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The square after an arrow key: a quarter of its side, or with `isFine` a thirty-second; null for other keys. */
export function afterKey(square, key, isFine, scene) {
  const direction = DIRECTIONS[key];
  if (!direction) return null;
  const step = Math.max(1, Math.round(square.size / (isFine ? 32 : 4)));
  return inside({ ...square, x: square.x + direction[0] * step, y: square.y + direction[1] * step }, scene);
}

/** Where cells of `size` begin along `length`: side by side, the last one moved back to end at the edge. */
export function cellStarts(length, size) {
  const count = Math.ceil(length / size);
  return Array.from({ length: count }, (_, index) => Math.min(index * size, length - size));
}

/** All cells of a scene, row by row from the top, every second row backwards: so the next one is a neighbour. */
export function cells(scene, size) {
  const columns = cellStarts(scene.width_px, size);
  return cellStarts(scene.height_px, size).flatMap((y, row) => {
    const inRow = columns.map((x) => ({ x, y, size }));
    return row % 2 === 0 ? inRow : inRow.reverse();
  });
}

/** Whether a square's middle lies in one of `others`: then most of it has been looked at. */
export function isCovered(square, others) {
  const x = square.x + square.size / 2;
  const y = square.y + square.size / 2;
  return others.some(
    (other) => x >= other.x && x < other.x + other.size && y >= other.y && y < other.y + other.size,
  );
}

/** The next cell after `square` that nothing in `tagged` covers, after the last one from the top again; else null. */
export function nextCell(square, tagged, scene) {
  const all = cells(scene, square.size);
  const columns = Math.ceil(scene.width_px / square.size);
  const index = (length, start) => Math.min(Math.floor((start + square.size / 2) / square.size), length - 1);
  const row = index(all.length / columns, square.y);
  const column = index(columns, square.x);
  const here = row * columns + (row % 2 === 0 ? column : columns - 1 - column);
  return [...all.slice(here + 1), ...all.slice(0, here + 1)].find((cell) => !isCovered(cell, tagged)) ?? null;
}

/** How many of the scene's cells are covered, and of how many. */
export function coverage(tagged, scene, size) {
  const all = cells(scene, size);
  return { done: all.filter((cell) => isCovered(cell, tagged)).length, total: all.length };
}

/** Whether two squares are the same place: then the second answer replaces the first. */
export function isSame(one, other) {
  return one.x === other.x && one.y === other.y && one.size === other.size;
}
