/** Lengths of time in words. Pure. */

/** A length of time in words, rounded to what one wants to know: "40 seconds", "3 minutes", "2 hours". */
export function durationWords(seconds, language) {
  const [value, unit] =
    seconds < 55 ? [Math.max(10, 10 * Math.round(seconds / 10)), "second"]
    : seconds < 90 * 60 ? [Math.max(1, Math.round(seconds / 60)), "minute"]
    : [Math.round(seconds / 3600), "hour"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(value);
}
