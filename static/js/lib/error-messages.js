/** Words for people about errors of the API. Texts go through Django's catalogue. */
import { ApiError, Offline } from "./api.js";

/** What happened and what to do about it. */
export function wordsFor(error) {
  if (error instanceof Offline) return gettext("No connection. Try again when you are back online.");
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 403) return gettext("Your account may not do this. Reload the page, or ask an admin for another role.");
  if (error.isLoggedOut) return gettext("You are logged out. Log in again to go on.");
  if (error.isPassing && !error.isTold) return gettext("The server does not answer as it should. Try again in a moment.");
  if (error.status === 404) return gettext("It is not there any more. Reload the page.");
  return `${error.detail} ${error.remedy}`.trim();
}
