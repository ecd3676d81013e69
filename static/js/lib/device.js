/** What the page remembers on this device. Where the browser forbids that, or has no room, until the page is closed. */
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
  };
}

export const device = keeper(() => globalThis.localStorage);
