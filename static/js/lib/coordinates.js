/** Longitudes and latitudes in words and metres. Pure. */

/** Latitude, longitude in degrees with about 0.1 m of precision, as maps on phones take them. */
export function coordinateWords([lon, lat]) {
  return `${lat.toFixed(6)}, ${lon.toFixed(6)}`;
}

/** Side of a box in metres, from its ring of lon, lat. */
export function sideM(ring) {
  const [a, b] = ring;
  const radians = Math.PI / 180;
  const middle = ((a[1] + b[1]) / 2) * radians;
  return Math.hypot((b[0] - a[0]) * Math.cos(middle), b[1] - a[1]) * radians * 6371008.8;
}
