/** What the pages of the training lab decide without touching the page. */

/** The work that an answer is about: itself, or the newest proposal in it. */
export const workAt = (answer, of) => (of === "promotion" ? answer.promotions[0] : answer);

/** Whether somebody reads, marks, ticks or writes something here that a reload would take from them. */
export function isBeingRead(page) {
  if (page.querySelector("details.reason[open], details.more[open], input:checked")) return true;
  const focused = page.activeElement;
  if (focused && focused !== page.body && focused.id !== "content") return true;
  const selection = page.getSelection();
  return Boolean(selection && !selection.isCollapsed);
}
