/**
 * What the page remembers on this device. Where the browser forbids that, or has no room, until the page is closed:
 * `isKept` tells which.
 */
export function keeper(storage) {
  const unkept = new Map();
  return {
    getItem(key) {
      if (unkept.has(key)) return unkept.get(key);
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    },
    setItem(key, value) {
      try {
        storage().setItem(key, value);
        unkept.delete(key);
      } catch {
        unkept.set(key, value);
      }
    },
    removeItem(key) {
      unkept.delete(key);
      try {
        storage().removeItem(key);
      } catch {
        // Nothing of it is on the device then.
      }
    },
    keys() {
      let kept = [];
      try {
        const items = storage();
        kept = Array.from({ length: items.length }, (_, index) => items.key(index));
      } catch {
        // Only what this page remembers is left.
      }
      return [...new Set([...kept, ...unkept.keys()])];
    },
    /** Whether everything whose key begins so would outlive the page. */
    isKept(prefix) {
      return ![...unkept.keys()].some((key) => key.startsWith(prefix));
    },
  };
}

export const device = keeper(() => globalThis.localStorage);
