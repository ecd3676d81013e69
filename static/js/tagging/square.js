/**
 * Squares in scene pixels: { x, y, size }, x to the right and y down, integers; x, y is the top left corner.
 * Pure: no page, no map.
 */

/** The nearest square that lies wholly inside the scene, on whole pixels. */
export function inside(square, scene) {
  const clamp = (value, most) => Math.max(0, Math.min(Math.round(value), most));
  return {
    x: clamp(square.x, scene.width_px - square.size),
    y: clamp(square.y, scene.height_px - square.size),
    size: square.size,
  };
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Where an arrow key leads: -1, 0 or 1 to the right and down; null for other keys. */
export const directionOf = (key) => DIRECTIONS[key] ?? null;
