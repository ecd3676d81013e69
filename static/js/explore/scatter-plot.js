/** The plane on which images lie: groups, shapes, zoom, and which image is meant. Pure. */

export const SHAPES = 8;
export const TONES = 5;
const MARGIN_PX = 24;
const MOST_SCALE = 40;

/** Groups by town or answer, in order of name: name, points, and the tone and shape that mark them everywhere. */
export function groupsOf(points, by) {
  const found = new Map();
  for (const point of points) {
    const name = point[by] ?? "";
    found.set(name, [...(found.get(name) ?? []), point]);
  }
  return [...found.keys()]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name, index) => ({ name, points: found.get(name), tone: index % TONES, shape: index % SHAPES }));
}

/** How the whole plane fits a frame of pixels: what one unit is, and where the middle lies. The y axis points up. */
export function fitted(points, { width, height }) {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const unit = Math.min(
    (Math.max(width, 80) - 2 * MARGIN_PX) / Math.max(right - left, 1e-9),
    (Math.max(height, 80) - 2 * MARGIN_PX) / Math.max(top - bottom, 1e-9),
  );
  return { unit, scale: 1, x: (left + right) / 2, y: (bottom + top) / 2, width, height };
}

/** Where a point lies in the frame, in pixels. */
export function placed(point, view) {
  const unit = view.unit * view.scale;
  return { x: view.width / 2 + (point.x - view.x) * unit, y: view.height / 2 - (point.y - view.y) * unit };
}

/** Nearer or farther by a factor, with the place at these pixels standing still; never farther than all of it. */
export function zoomed(view, factor, at = { x: view.width / 2, y: view.height / 2 }) {
  const scale = Math.min(MOST_SCALE, Math.max(1, view.scale * factor));
  const shift = 1 / (view.unit * view.scale) - 1 / (view.unit * scale);
  return {
    ...view,
    scale,
    x: view.x + (at.x - view.width / 2) * shift,
    y: view.y - (at.y - view.height / 2) * shift,
  };
}

/** Dragged by so many pixels. */
export function dragged(view, byX, byY) {
  const unit = view.unit * view.scale;
  return { ...view, x: view.x - byX / unit, y: view.y + byY / unit };
}

/** Moved just so far that a point is inside the frame. */
export function showing(view, point) {
  const { x, y } = placed(point, view);
  const into = (at, size) => Math.min(size - MARGIN_PX, Math.max(MARGIN_PX, at)) - at;
  return dragged(view, into(x, view.width), into(y, view.height));
}

/** The point nearest to these pixels, or null where none is within reach. */
export function nearest(points, view, at, reachPx) {
  let [best, least] = [null, reachPx];
  for (const point of points) {
    const { x, y } = placed(point, view);
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance <= least) [best, least] = [point, distance];
  }
  return best;
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The next point in the direction of an arrow key: near, and rather ahead than aside. Null where there is none. */
export function neighbour(points, from, key) {
  const [towardsX, towardsY] = DIRECTIONS[key];
  let [best, least] = [null, Infinity];
  for (const point of points) {
    const [x, y] = [point.x - from.x, point.y - from.y];
    const ahead = x * towardsX + y * towardsY;
    const aside = Math.abs(x * towardsY - y * towardsX);
    if (point === from || ahead <= 0 || aside > 2 * ahead) continue;
    const cost = ahead + 2 * aside;
    if (cost < least) [best, least] = [point, cost];
  }
  return best;
}

/** A mark as an SVG path about (x, y): circle, square, triangle, diamond, triangle on its tip, plus, cross, star. */
export function markPath(shape, x, y, r) {
  const at = (dx, dy) => `${(x + dx * r).toFixed(1)} ${(y + dy * r).toFixed(1)}`;
  const polygon = (...corners) => `M${corners.map(([dx, dy]) => at(dx, dy)).join("L")}Z`;
  switch (shape) {
    case 0: return `M${at(-1, 0)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
    case 1: return polygon([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]);
    case 2: return polygon([0, -1.1], [1.1, 0.9], [-1.1, 0.9]);
    case 3: return polygon([0, -1.25], [1.05, 0], [0, 1.25], [-1.05, 0]);
    case 4: return polygon([0, 1.1], [1.1, -0.9], [-1.1, -0.9]);
    case 5: return polygon(...[[-1, -3], [1, -3], [1, -1], [3, -1], [3, 1], [1, 1], [1, 3], [-1, 3], [-1, 1], [-3, 1], [-3, -1], [-1, -1]].map(scaledBy(0.4)));
    case 6: return polygon(...[[0, -1], [2, -3], [3, -2], [1, 0], [3, 2], [2, 3], [0, 1], [-2, 3], [-3, 2], [-1, 0], [-3, -2], [-2, -3]].map(scaledBy(0.38)));
    default: return polygon(...Array.from({ length: 10 }, (_, i) => [1.35, 0.55][i % 2]).map((far, i) => [far * Math.sin((i * Math.PI) / 5), -far * Math.cos((i * Math.PI) / 5)]));
  }
}

function scaledBy(factor) {
  return ([dx, dy]) => [dx * factor, dy * factor];
}

/** The address of a small picture of an image: a crop, a mosaic's tile, a whole photo. */
export function thumbnailOf(point) {
  if (point.crop) return `/api/v1/crops/${point.crop}/thumbnail.jpg`;
  const [z, x, y] = point.tile ?? [0, 0, 0];
  return `/api/v1/scenes/${point.scene}/pixel-tiles/${z}/${x}/${y}.jpg`;
}

/** Where an image can be looked at whole. */
export function pageOf(point, scenes) {
  if (point.crop) return `/api/v1/crops/${point.crop}/image.png`;
  return scenes[point.scene]?.kind === "photo" ? `/photos/${point.scene}/` : `/tag/explore/?scene=${point.scene}`;
}
