/** Facts about mosaics on a map. Pure. */

/** The web-mercator zoom at which a tile pixel is about as large as a pixel of the mosaic. */
export function nativeZoom(gsdM, lat) {
  const zoom = Math.ceil(Math.log2((156543.034 * Math.cos((lat * Math.PI) / 180)) / gsdM));
  return Math.min(24, Math.max(0, zoom));
}

/** Whether two boxes (west, south, east, north) share ground. */
export function overlap([west, south, east, north], [west2, south2, east2, north2]) {
  return west < east2 && west2 < east && south < north2 && south2 < north;
}

/** The other mosaics that show some of the same ground, to be laid beside `scene`. */
export function comparable(scenes, scene) {
  return scenes.filter(
    (other) => other.id !== scene.id && other.bounds_4326 && overlap(other.bounds_4326, scene.bounds_4326),
  );
}

/** The mosaic whose ground holds a place, or null. */
export function mosaicAt(scenes, [lon, lat]) {
  const holds = ([west, south, east, north]) => west <= lon && lon <= east && south <= lat && lat <= north;
  return scenes.find((scene) => scene.bounds_4326 && holds(scene.bounds_4326)) ?? null;
}

/** Length of a pixel's side in the unit that reads best: "50 cm", "1.2 m". */
export function gsdWords(gsdM) {
  if (gsdM >= 1) return `${Number(gsdM.toFixed(1))} m`;
  return `${Number((gsdM * 100).toPrecision(2))} cm`;
}

/** What picture lies underneath, when it was taken and how fine it is. */
export function captionWords(scene, language) {
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const taken = scene.captured_at ? day.format(new Date(scene.captured_at)) : gettext("undated");
  const role = scene.role === "before" ? gettext("before the event") : "";
  return [scene.name, taken, role, interpolate(gettext("%s per pixel"), [gsdWords(scene.gsd_m)])].filter(Boolean).join(" · ");
}
