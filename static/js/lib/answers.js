/** Which keys and swipes give which of a question's answers. Pure. */

const UNSURE = "unsure";

/** Of two answers besides "can't tell" the one on the right and the one on the left; null where there are more. */
function sidesOf(answers) {
  const two = answers.filter(({ key }) => key !== UNSURE);
  if (two.length !== 2) return null;
  const right = two.find((answer) => answer.counts_as === "positive") ?? two[0];
  return { right: right.key, left: two.find((answer) => answer !== right).key, up: UNSURE };
}

/** { right, left, up }: the answer that a swipe gives; {} where the answers are too many for it. */
export function swipesOf(answers) {
  return sidesOf(answers) ?? {};
}

/** The answer that each digit gives, in the order of the buttons: { 1: "positive", … }. */
export function digitsOf(answers) {
  return Object.fromEntries(answers.map(({ key }, index) => [String(index + 1), key]));
}

/** All keys of the quick page: digits, space for "can't tell", and arrows where there are two answers. */
export function keysOf(answers) {
  const sides = sidesOf(answers);
  const arrows = sides ? { ArrowRight: sides.right, ArrowLeft: sides.left, ArrowUp: sides.up } : {};
  return { ...digitsOf(answers), ...arrows, " ": UNSURE };
}

/** The class that gives an answer its colour and pattern. */
export function toneOf(question, key) {
  const answer = question?.answers.find((one) => one.key === key);
  return `tone-${answer ? answer.colour : 5}`;
}
