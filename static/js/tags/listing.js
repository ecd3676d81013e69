/** Which tags the page lists, as its own address says it and as the API asks it. Pure. */

export const PAGE_SIZE = 24;
const FIELDS = ["whose", "question", "answer"];

/** The choice in an address's query: { whose, question, answer, page }. */
export function choiceIn(search) {
  const query = new URLSearchParams(search);
  const page = Number(query.get("page"));
  return {
    ...Object.fromEntries(FIELDS.map((field) => [field, query.get(field) ?? ""])),
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

/** The choice as an address's query, without what is usual. */
export function addressOf({ whose, question, answer, page }) {
  const query = new URLSearchParams();
  if (whose === "everybody") query.set("whose", whose);
  if (question) query.set("question", question);
  if (answer) query.set("answer", answer);
  if (page > 1) query.set("page", page);
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** The API's parameters for a choice. */
export function wanted({ whose, question, answer, page }) {
  return { mine: whose === "everybody" ? "" : 1, question, answer, page, page_size: PAGE_SIZE };
}

/** The numbers of the rows on a page: { first, last, count }. */
export function span(page, rows, count) {
  const first = (page - 1) * PAGE_SIZE + 1;
  return { first, last: first + rows - 1, count };
}

/** The answers of several questions: a Map of each key to its words, to all of them where questions differ. */
export function answersOf(questions) {
  const words = new Map();
  for (const { answers } of questions) {
    for (const answer of answers) words.set(answer.key, new Set([...(words.get(answer.key) ?? []), answer.words]));
  }
  return new Map([...words].map(([key, all]) => [key, [...all].join(" / ")]));
}
