/** The answers of a question as an admin writes them. Pure. */

const USUAL = { positive: 0, negative: 1 };

/** An answer that is still to be written, counting as what no other does yet. */
export function newAnswer(answers) {
  const taken = answers.map((answer) => answer.counts_as);
  const free = ["positive", "negative"].find((one) => !taken.includes(one)) ?? "neither";
  return { key: "", text: "", text_es: "", counts_as: free };
}

/** The answers with the one at `index` moved by `by` places; as they are where it would leave them. */
export function moved(answers, index, by) {
  const to = index + by;
  if (to < 0 || to >= answers.length) return answers;
  const others = answers.filter((_, at) => at !== index);
  return [...others.slice(0, to), answers[index], ...others.slice(to)];
}

/** Each answer's colour as the site will give it: those stored keep theirs. */
export function coloursOf(answers) {
  const taken = new Set(answers.filter(({ colour }) => colour !== undefined).map(({ colour }) => colour));
  return answers.map((answer) => {
    if (answer.colour !== undefined) return answer.colour;
    const usual = answer.counts_as in USUAL ? [USUAL[answer.counts_as]] : [];
    const colour = [...usual, 2, 3, 4, 0, 1].find((one) => !taken.has(one));
    taken.add(colour);
    return colour;
  });
}
