/** Areas in words. Pure. */

const HECTARE_M2 = 10_000;
const SQUARE_KM_M2 = 1_000_000;

/** An area in the unit that reads best: "850 m²", "1.2 ha", "3.4 km²". */
export function areaWords(areaM2, language) {
  const number = (value, digits) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
  if (areaM2 >= SQUARE_KM_M2) return `${number(areaM2 / SQUARE_KM_M2, 2)} km²`;
  if (areaM2 >= HECTARE_M2) return `${number(areaM2 / HECTARE_M2, 1)} ha`;
  return `${number(areaM2, 0)} m²`;
}

/** The features of a coverage that are of one kind. */
export const featuresOf = (coverage, what) => coverage.features.filter((feature) => feature.properties.what === what);
