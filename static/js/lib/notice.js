/** A notice in the place of what cannot be shown. */

/** Fill and show a notice; with `onRetry` it has a button to try again. */
export function showNotice(notice, heading, words, onRetry = null) {
  const [title, text] = ["h2", "p"].map((name) => document.createElement(name));
  title.textContent = heading;
  text.textContent = words;
  notice.replaceChildren(title, text);
  notice.hidden = false;
  if (!onRetry) return;
  const button = document.createElement("button");
  button.className = "button";
  button.type = "button";
  button.textContent = gettext("Try again");
  button.addEventListener("click", onRetry);
  notice.append(button);
}
