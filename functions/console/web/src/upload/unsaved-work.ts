/** Unsaved work in localStorage: drafts of decks, edits of transcripts and unfinished uploads. */
import { DRAFTS_PREFIX } from "../deck/stored-draft.ts";
import { EDITS_PREFIX } from "../transcript/stored-edits.ts";
import { UPLOADS_PREFIX } from "./stored-uploads.ts";

const PREFIXES = [DRAFTS_PREFIX, EDITS_PREFIX, UPLOADS_PREFIX];

/** Removes the work of all users but one. An expired session keeps it, and its user may not come back. */
export function removeWorkOfOthers(uid: string, storage: Pick<Storage, "key" | "length" | "removeItem">): void {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  for (const key of keys) {
    const prefix = PREFIXES.find((each) => key.startsWith(each));
    // Uploads have one key per user; the others go on with the job after a dot.
    if (prefix && key.slice(prefix.length).split(".")[0] !== uid) storage.removeItem(key);
  }
}
