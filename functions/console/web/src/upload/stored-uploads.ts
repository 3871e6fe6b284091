/** Unfinished uploads in localStorage, so that a reload does not lose them. */

export interface StoredUpload {
  job: string;
  input: string;
  title: string;
  filename: string;
  type: string;
  size: number;
  /** Modification time of the file in ms since the epoch; distinguishes versions. */
  modified: number;
  /** URL of the resumable session, empty before there is one. It needs no sign-in. */
  session: string;
  /** The content, when it was typed instead of chosen. */
  text: string;
}

export const UPLOADS_PREFIX = "moodreel.uploads.";
/** Lifetime of a resumable session. */
const SESSION_LIFETIME_MS = 7 * 24 * 3600 * 1000;

type UploadStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function loadUploads(uid: string, storage: UploadStorage, now: number): StoredUpload[] {
  try {
    const stored: unknown = JSON.parse(storage.getItem(UPLOADS_PREFIX + uid) ?? "null");
    const { savedAt, uploads } = stored as { savedAt: number; uploads: StoredUpload[] };
    return now - savedAt < SESSION_LIFETIME_MS
      ? uploads.filter((upload) => upload.job && upload.input && upload.size > 0)
      : [];
  } catch {
    return [];
  }
}

export function saveUploads(uid: string, uploads: readonly StoredUpload[], storage: UploadStorage, now: number): void {
  try {
    if (uploads.length) storage.setItem(UPLOADS_PREFIX + uid, JSON.stringify({ savedAt: now, uploads }));
    else storage.removeItem(UPLOADS_PREFIX + uid);
  } catch {
    // Storage is blocked or full: uploads continue, but a reload loses them.
  }
}

/** Warns that signing out discards `count` unfinished uploads. */
export function signOutWarning(count: number): string {
  return count === 1
    ? "1 file is not up yet. Signing out gives it up."
    : `${count} files are not up yet. Signing out gives them up.`;
}

/** Why the file is not the one of the upload; empty if it is. */
export function fileMismatch(upload: StoredUpload, file: Pick<File, "name" | "size" | "lastModified">): string {
  if (file.size !== upload.size || file.name !== upload.filename)
    return `This is not ${upload.filename}: choose the very file that you began with.`;
  if (file.lastModified !== upload.modified)
    return `${upload.filename} was changed since you began. Give up this upload and begin a new job.`;
  return "";
}
