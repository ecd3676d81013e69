/** Showing a part of the page on the whole screen. */

/** Let `button` show `area` on the whole screen and back; where the browser cannot, hide it. */
export function offerFullScreen(button, area) {
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : area.requestFullscreen()));
}
