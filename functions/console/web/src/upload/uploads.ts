/** All uploads of who is signed in: they go on while people look at other pages. */
import { Problem, post } from "../api.ts";
import { type Session, session } from "../session.ts";
import { store } from "../store.ts";
import { sentence } from "../words.ts";
import { deliver } from "./deliver.ts";
import { send } from "./http.ts";
import { type Upload, load, otherFile, save } from "./kept.ts";
import { question, rangeOf } from "./plan.ts";

export type UploadState =
  | "waiting"
  | "sending"
  | "paused"
  /** The line is broken; it goes on by itself. */
  | "lost"
  /** The page was loaded anew and has to be given the file again. */
  | "file"
  | "failed";

export interface Shown extends Upload {
  state: UploadState;
  sent: number;
  bytesPerS: number;
  why: string;
}

interface Grant {
  method: string;
  url: string;
  headers: Record<string, string>;
}

const AT_ONCE = 2;
const DRAWN_MS = 200;
/** How much of the pace is the last moment's. */
const PACE = 0.3;

export const uploads = store<readonly Shown[]>([]);

const files = new Map<string, Blob>();
const running = new Map<string, AbortController>();
let uid = "";

export const keyOf = (one: Pick<Upload, "job" | "input">): string => `${one.job}/${one.input}`;

session.subscribe(turnTo);
turnTo(session.get());

/** What one person sends is nothing to the next one at this browser. */
function turnTo(who: Session): void {
  const now = typeof who === "object" ? who.uid : "";
  if (who === "starting" || now === uid) return;
  for (const each of running.values()) each.abort(new DOMException("Signed out", "AbortError"));
  running.clear();
  files.clear();
  uid = now;
  uploads.set(uid ? load(uid, localStorage, Date.now()).map(returned) : []);
  next();
}

function returned(one: Upload): Shown {
  if (one.text) files.set(keyOf(one), new Blob([one.text], { type: one.type }));
  return { ...one, state: one.text ? "waiting" : "file", sent: 0, bytesPerS: 0, why: "" };
}

/** A file for an input of a job that was just made. `text`: what `file` consists of, when typed. */
export function add(job: string, input: string, title: string, file: File, type: string, text = ""): void {
  const one: Shown = {
    job, input, title, type, text,
    filename: file.name, size: file.size, modified: file.lastModified,
    session: "", state: "waiting", sent: 0, bytesPerS: 0, why: "",
  };
  files.set(keyOf(one), file);
  uploads.set([...uploads.get().filter((other) => keyOf(other) !== keyOf(one)), one]);
  keep();
  next();
}

export function pause(key: string): void {
  change(key, { state: "paused", bytesPerS: 0 });
  running.get(key)?.abort(new DOMException("Paused", "AbortError"));
}

/** After a pause, a failure, or a reload; then with the file. → why not, or "". */
export function resume(key: string, file?: File): string {
  const one = find(key);
  if (!one) return "This upload is over.";
  if (file) {
    const why = otherFile(one, file);
    if (why) return why;
    files.set(key, file);
  }
  change(key, { state: files.has(key) ? "waiting" : "file", why: "" });
  next();
  return "";
}

/** Do not send it any more. The job stays, and waits for its file. */
export function forget(key: string): void {
  running.get(key)?.abort(new DOMException("Given up", "AbortError"));
  files.delete(key);
  uploads.set(uploads.get().filter((one) => keyOf(one) !== key));
  keep();
}

/** How many files are not up, those of this person's other tabs as well. */
export function pending(): number {
  const kept = uid ? load(uid, localStorage, Date.now()) : [];
  return new Set([...uploads.get(), ...kept].map(keyOf)).size;
}

/** A person goes on purpose: their uploads are given up. A session that merely expires keeps them. */
export async function leave(signOut: () => Promise<void>): Promise<void> {
  const whose = uid;
  for (const one of uploads.get()) forget(keyOf(one));
  await signOut();
  // Last: until it is signed out as well, another tab may write its own down once more.
  if (whose) save(whose, [], localStorage, Date.now());
}

const find = (key: string): Shown | undefined => uploads.get().find((one) => keyOf(one) === key);

function change(key: string, to: Partial<Shown>): void {
  uploads.set(uploads.get().map((one) => (keyOf(one) === key ? { ...one, ...to } : one)));
}

function keep(): void {
  const rows = uploads.get().map(({ state: _s, sent: _n, bytesPerS: _b, why: _w, ...kept }) => kept);
  if (uid) save(uid, rows, localStorage, Date.now());
}

function next(): void {
  for (const one of uploads.get()) {
    if (running.size >= AT_ONCE) return;
    const key = keyOf(one);
    const file = files.get(key);
    if (one.state === "waiting" && file && !running.has(key)) void start(one, key, file);
  }
}

async function start(one: Shown, key: string, file: Blob): Promise<void> {
  const stop = new AbortController();
  running.set(key, stop);
  change(key, { state: "sending", why: "" });
  try {
    const free = await navigator.locks.request(`moodreel.upload.${key}`, { ifAvailable: true }, async (lock) => {
      if (lock) await carry(one, key, file, stop.signal);
      return lock !== null;
    });
    if (!free) throw new Error("This upload goes on in another tab of this browser.");
    forget(key);
  } catch (fault) {
    // Paused or given up: whoever did that has said so already.
    if (!stop.signal.aborted) change(key, { state: "failed", why: sentence(fault), bytesPerS: 0 });
  } finally {
    if (running.get(key) === stop) running.delete(key);
    next();
  }
}

async function carry(one: Shown, key: string, file: Blob, signal: AbortSignal): Promise<void> {
  const path = `/v1/jobs/${one.job}/uploads/${one.input}`;
  const pace = paced(key);
  await deliver(one.size, one.session, {
    begin: () => begin(path, signal, () => lost(key, signal, 2000)),
    keep(opened) {
      change(key, { session: opened });
      keep();
    },
    async put(opened, span) {
      if (find(key)?.state === "lost") change(key, { state: "sending" });
      const body = span ? file.slice(span.start, span.end) : null;
      const range = span ? rangeOf(span.start, span.end, one.size) : question(one.size);
      const base = span?.start ?? 0;
      return send("PUT", opened, { "Content-Range": range }, body, signal, (bytes) => pace(base + bytes));
    },
    // The end of a piece is always drawn: the next one may be long in coming.
    reached(sent) {
      pace(sent);
      change(key, { sent });
    },
    wait: (ms) => lost(key, signal, ms),
  });
  await patiently(() => post(`${path}/finalize`, { size_bytes: one.size }, { signal }), () => lost(key, signal, 2000));
}

/** → the session's address; "" when the file is there. */
async function begin(path: string, signal: AbortSignal, wait: () => Promise<void>): Promise<string> {
  for (;;) {
    const { data } = await patiently(() => post<Grant>(path, { resumable: true }, { signal }), wait).catch(
      async (fault: unknown) => {
        // It may have arrived, and its last answer got lost: then this succeeds.
        if (!(fault instanceof Problem) || fault.code !== "wrong-state") throw fault;
        await post(`${path}/finalize`, {}, { signal }).catch(() => {
          throw fault;
        });
        return { data: null };
      },
    );
    if (data === null) return "";
    const { status, location } = await send(data.method, data.url, data.headers, null, signal);
    if (status === 412) return "";
    if (location) return location;
    if (status > 0 && status < 500 && status !== 429)
      throw new Error(`Cloud Storage refuses to begin (${status}). Try again in a moment.`);
    await wait();
  }
}

/** Again and again while Moodreel cannot be reached. Throws Problem for whatever else it says. */
async function patiently<T>(act: () => Promise<T>, wait: () => Promise<void>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (fault) {
      const away = fault instanceof Problem && (fault.code === "offline" || fault.status >= 500 || fault.status === 429);
      if (!away) throw fault;
      await wait();
    }
  }
}

/** Resolves after `ms`, or as soon as the browser is on line again. */
function lost(key: string, signal: AbortSignal, ms: number): Promise<void> {
  change(key, { state: "lost", bytesPerS: 0 });
  return new Promise((done, fail) => {
    const over = (): void => {
      clearTimeout(timer);
      removeEventListener("online", over);
      signal.removeEventListener("abort", over);
      if (signal.aborted) fail(signal.reason);
      else done();
    };
    const timer = setTimeout(over, ms);
    addEventListener("online", over);
    signal.addEventListener("abort", over);
  });
}

/** Tells how many bytes have gone, not more often than people can see, and how fast they go. */
function paced(key: string): (sent: number) => void {
  let at = performance.now();
  let before: number | null = null;
  let bytesPerS = 0;
  return (sent) => {
    const now = performance.now();
    if (before === null || sent < before) {
      before = sent;
      at = now;
      change(key, { sent });
      return;
    }
    if (now - at < DRAWN_MS) return;
    const latest = ((sent - before) * 1000) / (now - at);
    bytesPerS = bytesPerS ? bytesPerS * (1 - PACE) + latest * PACE : latest;
    before = sent;
    at = now;
    change(key, { sent, bytesPerS });
  };
}
