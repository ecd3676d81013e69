/** Looking again and again. */

/**
 * Look every `everyMs` until `look` returns true, for the first time after `firstMs`; not while the page is hidden. When
 * `look` fails, `onError` is told, and the next look comes after `afterErrorMs`.
 */
export async function poll(look, { everyMs, firstMs = everyMs, afterErrorMs, onError }) {
  let waitMs = firstMs;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = everyMs;
    if (document.hidden) continue;
    try {
      if (await look()) return;
    } catch (error) {
      onError(error);
      waitMs = afterErrorMs;
    }
  }
}
