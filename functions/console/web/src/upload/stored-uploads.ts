/** Uploads that have begun, kept in the browser so that a reload does not lose them. */

export interface StoredUpload {
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

const KEY_PREFIX = "moodreel.uploads.";
/** A session's life in Cloud Storage. */
const SESSION_LIFETIME_MS = 7 * 24 * 3600 * 1000;

type UploadStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function loadUploads(uid: string, storage: UploadStorage, now: number): StoredUpload[] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(KEY_PREFIX + uid) ?? "null");
    const { savedAt, uploads } = stored as { savedAt: number; uploads: StoredUpload[] };
    return now - savedAt < SESSION_LIFETIME_MS ? uploads.filter((upload) => upload.job && upload.input && upload.size > 0) : [];
  } catch {
    return [];
  }
}

export function saveUploads(uid: string, uploads: readonly StoredUpload[], storage: UploadStorage, now: number): void {
  try {
    if (uploads.length) storage.setItem(KEY_PREFIX + uid, JSON.stringify({ savedAt: now, uploads }));
    else storage.removeItem(KEY_PREFIX + uid);
  } catch {
    // A browser that keeps nothing, or is full: uploads go on, and are lost by a reload alone.
  }
}

/** What signing out costs while `count` files are not up. */
export function signOutWarning(count: number): string {
  return count === 1
    ? "1 file is not up yet. Signing out gives it up."
    : `${count} files are not up yet. Signing out gives them up.`;
}

/** Why this is not the file that was begun with; "" when it is. */
export function fileMismatch(upload: StoredUpload, file: Pick<File, "name" | "size" | "lastModified">): string {
  if (file.size !== upload.size || file.name !== upload.filename)
    return `This is not ${upload.filename}: choose the very file that you began with.`;
  if (file.lastModified !== upload.modified)
    return `${upload.filename} was changed since you began. Give up this upload and begin a new job.`;
  return "";
}
