/** Edits of a transcript in localStorage, so that a reload does not lose them. They are kept in this browser only. */

export const EDITS_PREFIX = "moodreel.captions.";

type EditStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** The key of a user's edits of one version of a job's captions. */
export const editsKey = (uid: string, job: string, generation: number): string =>
  `${EDITS_PREFIX}${uid}.${job}.${generation}`;

/** The new texts of cues by index. Empty where the browser blocks storage. */
export function loadEdits(key: string, storage: EditStorage): Map<number, string> {
  try {
    const stored = JSON.parse(storage.getItem(key) ?? "[]") as [number, string][];
    return new Map(stored.filter(([index, text]) => Number.isInteger(index) && typeof text === "string"));
  } catch {
    return new Map();
  }
}

/** Returns whether the edits are stored. */
export function saveEdits(key: string, edits: ReadonlyMap<number, string>, storage: EditStorage): boolean {
  try {
    if (edits.size) storage.setItem(key, JSON.stringify([...edits]));
    else storage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}

/** Removes the edits of all jobs of a user: the next user of this browser must not read them. */
export function removeEdits(uid: string, storage: EditStorage): void {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  for (const key of keys) if (key.startsWith(`${EDITS_PREFIX}${uid}.`)) storage.removeItem(key);
}
