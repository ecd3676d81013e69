/** Choices of a select. */

/** Fill a select with [value, words] pairs and choose one. */
export function fillSelect(select, pairs, chosen) {
  select.replaceChildren(
    ...pairs.map(([value, words]) => {
      const option = new Option(words, value);
      option.selected = String(value) === String(chosen);
      return option;
    }),
  );
  select.disabled = pairs.length === 0;
}
