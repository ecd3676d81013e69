/** Work that may fail, and then says why in words. */
import { wordsFor } from "./error-messages.js";
import { showNotice } from "./notice.js";

/**
 * Two ways to run work: when `guarded` fails it says so in passing, `needed` in a notice with `heading`, until it succeeds.
 * What was given up on purpose did not fail.
 */
export function guards({ toast, notice, heading }) {
  async function attempt(work, tell) {
    try {
      await work();
    } catch (error) {
      if (error.name !== "AbortError") tell(error);
    }
  }
  const guarded = (work) => attempt(work, (error) => toast.showError(error));
  const needed = (work) => attempt(work, (error) => showNotice(notice, heading, wordsFor(error), () => needed(work)));
  return { guarded, needed };
}
