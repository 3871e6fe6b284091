/** Uploads of the signed-in user; they continue while other pages are open. */
import { Problem, post } from "../api.ts";
import { type Session, session, sessionExpired } from "../session.ts";
import { createStore } from "../store.ts";
import { errorMessage } from "../format.ts";
import { uploadFile } from "./upload-file.ts";
import { sendRequest } from "./send-request.ts";
import { removeDrafts } from "../deck/stored-draft.ts";
import { removeEdits } from "../transcript/stored-edits.ts";
import { removeWorkOfOthers } from "./unsaved-work.ts";
import { type StoredUpload, fileMismatch, loadUploads, saveUploads } from "./stored-uploads.ts";
import { contentRange, statusQuery } from "./protocol.ts";

export type UploadState =
  | "waiting"
  | "sending"
  | "paused"
  /** The connection is lost; it resumes by itself. */
  | "offline"
  /** After a reload the file has to be chosen again. */
  | "needs-file"
  /** Another tab of this browser sends it. */
  | "other-tab"
  | "failed";

export interface ActiveUpload extends StoredUpload {
  state: UploadState;
  sent: number;
  bytesPerS: number;
  reason: string;
}

interface UploadGrant {
  method: string;
  url: string;
  headers: Record<string, string>;
}

const MAX_ACTIVE = 2;
const UPDATE_INTERVAL_MS = 200;
/** Weight of the latest sample in the smoothed speed. */
const SPEED_SMOOTHING = 0.3;

export const uploads = createStore<readonly ActiveUpload[]>([]);

const uploadFiles = new Map<string, Blob>();
const activeUploads = new Map<string, AbortController>();
let uid = "";

export const uploadKey = (upload: Pick<StoredUpload, "job" | "input">): string => `${upload.job}/${upload.input}`;

session.subscribe(onSessionChange);
onSessionChange(session.get());
sessionExpired.subscribe(() => startNext());
addEventListener("beforeunload", (event) => {
  // A file has to be chosen again after a reload.
  if (uploads.get().some((upload) => uploadFiles.has(uploadKey(upload)) && !upload.text)) event.preventDefault();
});

/** Stops the uploads of the previous user of this browser. A new user finds no unsaved work of others. */
function onSessionChange(nextSession: Session): void {
  const nextUid = typeof nextSession === "object" ? nextSession.uid : "";
  if (nextSession === "loading" || nextUid === uid) return;
  for (const controller of activeUploads.values()) controller.abort(new DOMException("Signed out", "AbortError"));
  activeUploads.clear();
  uploadFiles.clear();
  uid = nextUid;
  if (uid) removeWorkOfOthers(uid, localStorage);
  uploads.set(uid ? loadUploads(uid, localStorage, Date.now()).map(restore) : []);
  void markOtherTabs();
  startNext();
}

/** The name of the lock that the tab holds which sends an upload. */
const lockName = (key: string): string => `moodreel.upload.${key}`;

/** Marks the uploads that other tabs send, and waits for the end of each. */
async function markOtherTabs(): Promise<void> {
  const { held = [] } = await navigator.locks.query();
  const heldNames = new Set(held.map((lock) => lock.name));
  for (const upload of uploads.get()) {
    const key = uploadKey(upload);
    if (upload.state !== "needs-file" || !heldNames.has(lockName(key))) continue;
    updateUpload(key, { state: "other-tab" });
    void navigator.locks.request(lockName(key), () => onOtherTabEnd(key, uid));
  }
}

/** The other tab has finished, discarded or paused an upload, or was closed. */
function onOtherTabEnd(key: string, startedUid: string): void {
  if (uid !== startedUid || findUpload(key)?.state !== "other-tab") return;
  const stored = loadUploads(uid, localStorage, Date.now()).find((upload) => uploadKey(upload) === key);
  if (stored) updateUpload(key, { ...stored, state: "needs-file" });
  else uploads.set(uploads.get().filter((upload) => uploadKey(upload) !== key));
}

function restore(upload: StoredUpload): ActiveUpload {
  if (upload.text) uploadFiles.set(uploadKey(upload), new Blob([upload.text], { type: upload.type }));
  return { ...upload, state: upload.text ? "waiting" : "needs-file", sent: 0, bytesPerS: 0, reason: "" };
}

/** Queues a file for an input of a new job. `text` is its content when it was typed. */
export function addUpload(job: string, input: string, title: string, file: File, type: string, text = ""): void {
  const upload: ActiveUpload = {
    job,
    input,
    title,
    type,
    text,
    filename: file.name,
    size: file.size,
    modified: file.lastModified,
    session: "",
    state: "waiting",
    sent: 0,
    bytesPerS: 0,
    reason: "",
  };
  uploadFiles.set(uploadKey(upload), file);
  uploads.set([...uploads.get().filter((b) => uploadKey(b) !== uploadKey(upload)), upload]);
  persist();
  startNext();
}

export function pauseUpload(key: string): void {
  updateUpload(key, { state: "paused", bytesPerS: 0 });
  activeUploads.get(key)?.abort(new DOMException("Paused", "AbortError"));
}

/** Resumes after a pause, a failure or, with the file, a reload. Returns the reason why not, or "". */
export function resumeUpload(key: string, file?: File): string {
  const upload = findUpload(key);
  if (!upload) return "This upload is over.";
  if (file) {
    const reason = fileMismatch(upload, file);
    if (reason) return reason;
    uploadFiles.set(key, file);
  }
  updateUpload(key, { state: uploadFiles.has(key) ? "waiting" : "needs-file", reason: "" });
  startNext();
  return "";
}

/** Discards an upload. The job stays and waits for its file. */
export function discardUpload(key: string): void {
  activeUploads.get(key)?.abort(new DOMException("Given up", "AbortError"));
  uploadFiles.delete(key);
  uploads.set(uploads.get().filter((upload) => uploadKey(upload) !== key));
  persist();
}

/** Number of unfinished uploads, those of other tabs included. */
export function pendingCount(): number {
  const stored = uid ? loadUploads(uid, localStorage, Date.now()) : [];
  return new Set([...uploads.get(), ...stored].map(uploadKey)).size;
}

/** Signs out, and discards the uploads and unsaved edits of transcripts and decks. A session that expires keeps them. */
export async function signOutAndDiscard(signOut: () => Promise<void>): Promise<void> {
  const leavingUid = uid;
  for (const upload of uploads.get()) discardUpload(uploadKey(upload));
  await signOut();
  // Last: another tab may store its uploads until it is signed out, too.
  if (leavingUid) {
    saveUploads(leavingUid, [], localStorage, Date.now());
    removeEdits(leavingUid, localStorage);
    removeDrafts(leavingUid, localStorage);
  }
}

const findUpload = (key: string): ActiveUpload | undefined => uploads.get().find((upload) => uploadKey(upload) === key);

function updateUpload(key: string, changes: Partial<ActiveUpload>): void {
  uploads.set(uploads.get().map((upload) => (uploadKey(upload) === key ? { ...upload, ...changes } : upload)));
}

function persist(): void {
  const rows = uploads.get().map(({ state: _s, sent: _n, bytesPerS: _b, reason: _w, ...stored }) => stored);
  if (uid) saveUploads(uid, rows, localStorage, Date.now());
}

function startNext(): void {
  if (sessionExpired.get()) return;
  for (const upload of uploads.get()) {
    if (activeUploads.size >= MAX_ACTIVE) return;
    const key = uploadKey(upload);
    const file = uploadFiles.get(key);
    if (upload.state === "waiting" && file && !activeUploads.has(key)) void startUpload(upload, key, file);
  }
}

async function startUpload(upload: ActiveUpload, key: string, file: Blob): Promise<void> {
  const controller = new AbortController();
  activeUploads.set(key, controller);
  updateUpload(key, { state: "sending", reason: "" });
  try {
    const acquired = await navigator.locks.request(lockName(key), { ifAvailable: true }, async (lock) => {
      if (lock) await runUpload(upload, key, file, controller.signal);
      return lock !== null;
    });
    if (!acquired) throw new Error("This upload goes on in another tab of this browser.");
    discardUpload(key);
  } catch (error) {
    // Paused or discarded: the state is set already.
    if (controller.signal.aborted) return;
    if (sessionExpired.get()) updateUpload(key, { state: "waiting", bytesPerS: 0 });
    else updateUpload(key, { state: "failed", reason: errorMessage(error), bytesPerS: 0 });
  } finally {
    if (activeUploads.get(key) === controller) activeUploads.delete(key);
    startNext();
  }
}

async function runUpload(upload: ActiveUpload, key: string, file: Blob, signal: AbortSignal): Promise<void> {
  const path = `/v1/jobs/${upload.job}/uploads/${upload.input}`;
  const reportProgress = progressReporter(key);
  await uploadFile(upload.size, upload.session, {
    openSession: () => openSession(path, signal, () => waitForConnection(key, signal, 2000)),
    storeSession(session) {
      updateUpload(key, { session });
      persist();
    },
    async sendChunk(session, range) {
      if (findUpload(key)?.state === "offline") updateUpload(key, { state: "sending" });
      const body = range ? file.slice(range.start, range.end) : null;
      const header = range ? contentRange(range.start, range.end, upload.size) : statusQuery(upload.size);
      const offset = range?.start ?? 0;
      return sendRequest("PUT", session, { "Content-Range": header }, body, signal, (bytes) =>
        reportProgress(offset + bytes),
      );
    },
    // Always shown at the end of a chunk: the next update may take long.
    onProgress(sent) {
      reportProgress(sent);
      updateUpload(key, { sent });
    },
    wait: (ms) => waitForConnection(key, signal, ms),
  });
  await retryWhileOffline(
    () => post(`${path}/finalize`, { size_bytes: upload.size }, { signal }),
    () => waitForConnection(key, signal, 2000),
  );
}

/** Returns the URL of a new session; empty if the object exists already. */
async function openSession(path: string, signal: AbortSignal, wait: () => Promise<void>): Promise<string> {
  for (;;) {
    const { data } = await retryWhileOffline(
      () => post<UploadGrant>(path, { resumable: true }, { signal }),
      wait,
    ).catch(async (error: unknown) => {
      // The upload may be complete, its last response lost: then this succeeds.
      if (!(error instanceof Problem) || error.code !== "wrong-state") throw error;
      await post(`${path}/finalize`, {}, { signal }).catch(() => {
        throw error;
      });
      return { data: null };
    });
    if (data === null) return "";
    const { status, location } = await sendRequest(data.method, data.url, data.headers, null, signal);
    if (status === 412) return "";
    if (location) return location;
    if (status > 0 && status < 500 && status !== 429)
      throw new Error(`Cloud Storage refuses to begin (${status}). Try again in a moment.`);
    await wait();
  }
}

/** Retries while the API is unreachable. Throws Problem for all other errors. */
async function retryWhileOffline<T>(operation: () => Promise<T>, wait: () => Promise<void>): Promise<T> {
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      const unreachable =
        error instanceof Problem && (error.code === "offline" || error.status >= 500 || error.status === 429);
      if (!unreachable) throw error;
      await wait();
    }
  }
}

/** Resolves after `ms`, or when the browser is online again. */
function waitForConnection(key: string, signal: AbortSignal, ms: number): Promise<void> {
  updateUpload(key, { state: "offline", bytesPerS: 0 });
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      removeEventListener("online", finish);
      signal.removeEventListener("abort", finish);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(finish, ms);
    addEventListener("online", finish);
    signal.addEventListener("abort", finish);
  });
}

/** Returns a function that updates the progress and the speed of an upload, throttled. */
function progressReporter(key: string): (sent: number) => void {
  let lastUpdateAt = performance.now();
  let lastSent: number | null = null;
  let bytesPerS = 0;
  return (sent) => {
    const now = performance.now();
    if (lastSent === null || sent < lastSent) {
      lastSent = sent;
      lastUpdateAt = now;
      updateUpload(key, { sent });
      return;
    }
    if (now - lastUpdateAt < UPDATE_INTERVAL_MS) return;
    const currentSpeed = ((sent - lastSent) * 1000) / (now - lastUpdateAt);
    bytesPerS = bytesPerS ? bytesPerS * (1 - SPEED_SMOOTHING) + currentSpeed * SPEED_SMOOTHING : currentSpeed;
    lastSent = sent;
    lastUpdateAt = now;
    updateUpload(key, { sent, bytesPerS });
  };
}
