/** Copying. */

/** Copy an element's text, and say whether that went well; there is no clipboard without HTTPS, and then the text is marked. */
export async function copyTextOf(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}
