/** Swipes over a picture: to the right, to the left or up; and a drag while one looks closer. */

const LEAST_PX = 60; // of the screen
const STRAIGHT = 1.5; // how much further one way than the other

/** Which way a movement by (x, y) screen pixels goes: "right", "left", "up", or null for none of them. */
export function swipeOf(x, y) {
  const [across, down] = [Math.abs(x), Math.abs(y)];
  if (across >= LEAST_PX && across > STRAIGHT * down) return x > 0 ? "right" : "left";
  if (-y >= LEAST_PX && down > STRAIGHT * across) return "up";
  return null;
}

/** Watch one finger or the mouse over `area`. `onMove(x, y)` while it moves, `onEnd(x, y)` when it lets go, both from where it began. */
export function watchDrag(area, { onMove, onEnd }) {
  let from = null;
  area.addEventListener("pointerdown", (event) => {
    from = event.isPrimary ? { x: event.clientX, y: event.clientY, id: event.pointerId } : null;
    if (from) area.setPointerCapture(event.pointerId);
  });
  const by = (event) => [event.clientX - from.x, event.clientY - from.y];
  area.addEventListener("pointermove", (event) => { if (from?.id === event.pointerId) onMove(...by(event)); });
  area.addEventListener("pointerup", (event) => {
    if (from?.id !== event.pointerId) return;
    const moved = by(event);
    from = null;
    onEnd(...moved);
  });
  area.addEventListener("pointercancel", () => {
    if (from) onMove(0, 0);
    from = null;
  });
}
