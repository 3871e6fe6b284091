/** Uploads that have begun, kept in the browser so that a reload does not lose them. */

export interface Upload {
  job: string;
  input: string;
  title: string;
  filename: string;
  type: string;
  size: number;
  /** When the file was changed last, in ms since 1970: it tells one file from another. */
  modified: number;
  /** The address of the resumable session, "" before there is one: whoever has it may send. */
  session: string;
  /** What is to be sent itself, when it was typed and not chosen. */
  text: string;
}

const NAME = "moodreel.uploads.";
/** A session's life in Cloud Storage. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

type Box = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function load(uid: string, box: Box, now: number): Upload[] {
  try {
    const told: unknown = JSON.parse(box.getItem(NAME + uid) ?? "null");
    const { at, uploads } = told as { at: number; uploads: Upload[] };
    return now - at < KEPT_MS ? uploads.filter((one) => one.job && one.input && one.size > 0) : [];
  } catch {
    return [];
  }
}

export function save(uid: string, uploads: readonly Upload[], box: Box, now: number): void {
  try {
    if (uploads.length) box.setItem(NAME + uid, JSON.stringify({ at: now, uploads }));
    else box.removeItem(NAME + uid);
  } catch {
    // A browser that keeps nothing, or is full: uploads go on, and are lost by a reload alone.
  }
}

/** What signing out costs while `count` files are not up. */
export function givenUp(count: number): string {
  return count === 1
    ? "1 file is not up yet. Signing out gives it up."
    : `${count} files are not up yet. Signing out gives them up.`;
}

/** Why this is not the file that was begun with; "" when it is. */
export function otherFile(one: Upload, file: Pick<File, "name" | "size" | "lastModified">): string {
  if (file.size !== one.size || file.name !== one.filename)
    return `This is not ${one.filename}: choose the very file that you began with.`;
  if (file.lastModified !== one.modified)
    return `${one.filename} was changed since you began. Give up this upload and begin a new job.`;
  return "";
}
