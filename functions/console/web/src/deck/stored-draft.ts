/** Unsaved drafts of decks in localStorage, so that a reload does not lose them. They are kept in this browser only. */
import type { Draft } from "./draft.ts";

export const DRAFTS_PREFIX = "moodreel.deck.";

type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

/** The key of a user's draft of one revision of a job's deck. */
export const draftKey = (uid: string, job: string, revision: number): string =>
  `${DRAFTS_PREFIX}${uid}.${job}.${revision}`;

/** The stored draft; null if there is none, and where the browser blocks storage. */
export function loadDraft(key: string, storage: DraftStorage): Draft | null {
  try {
    const stored = JSON.parse(storage.getItem(key) ?? "null") as Draft | null;
    return stored?.slides?.length ? stored : null;
  } catch {
    return null;
  }
}

/** Stores a draft; null removes it. */
export function storeDraft(key: string, draft: Draft | null, storage: DraftStorage): void {
  try {
    if (draft) storage.setItem(key, JSON.stringify(draft));
    else storage.removeItem(key);
  } catch {
    // Storage is blocked or full: the browser still asks before the page is left.
  }
}

/** Removes the drafts of a user: the next user of this browser must not read them. */
export function removeDrafts(uid: string, storage: DraftStorage): void {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  for (const key of keys) if (key.startsWith(`${DRAFTS_PREFIX}${uid}.`)) storage.removeItem(key);
}
