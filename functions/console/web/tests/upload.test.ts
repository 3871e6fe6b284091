import assert from "node:assert/strict";
import { test } from "node:test";

import { type UploadTransport, UploadRejected, uploadFile } from "../src/upload/upload-file.ts";
import { type StoredUpload, fileMismatch, loadUploads, saveUploads, signOutWarning } from "../src/upload/stored-uploads.ts";
import { CHUNK_BYTES, interpretResponse, retryDelayMs } from "../src/upload/protocol.ts";

const SIZE = 2 * CHUNK_BYTES + 1000;

/** A fake bucket with resumable sessions and scripted failures. */
class Bucket {
  sessions = new Map<string, number>();
  requests: string[] = [];
  storedSession = "";
  delays: number[] = [];
  failures: ((receivedBytes: number, end: number) => { status: number; range: string } | { lost: number })[] = [];
  complete = false;

  transport(): UploadTransport {
    return {
      openSession: async () => {
        if (this.complete) return "";
        const name = `s${this.sessions.size}`;
        this.sessions.set(name, 0);
        return name;
      },
      storeSession: (session) => {
        this.storedSession = session;
      },
      sendChunk: async (session, span) => this.respond(session, span),
      onProgress: () => undefined,
      wait: async (ms) => {
        this.delays.push(ms);
      },
    };
  }

  respond(session: string, span: { start: number; end: number } | null) {
    const receivedBytes = this.sessions.get(session);
    this.requests.push(span ? `${span.start}-${span.end}` : "?");
    if (receivedBytes === undefined) return { status: 410, range: "" };
    const failure = this.failures.shift()?.(receivedBytes, span?.end ?? receivedBytes);
    if (failure && "lost" in failure) {
      this.sessions.set(session, failure.lost);
      return { status: 0, range: "" };
    }
    if (failure) return failure;
    if (span && span.start > receivedBytes) return { status: 503, range: "" };
    const received = span ? Math.max(receivedBytes, span.end) : receivedBytes;
    this.sessions.set(session, received);
    if (received === SIZE) {
      this.complete = true;
      return { status: 200, range: "" };
    }
    return { status: 308, range: received ? `bytes=0-${received - 1}` : "" };
  }
}

test("a file is sent in chunks, each once", async () => {
  const bucket = new Bucket();
  await uploadFile(SIZE, "", bucket.transport());
  assert.deepEqual(bucket.requests, [`0-${CHUNK_BYTES}`, `${CHUNK_BYTES}-${2 * CHUNK_BYTES}`, `${2 * CHUNK_BYTES}-${SIZE}`]);
  assert.equal(bucket.complete, true);
});

test("a connection lost within a chunk costs only bytes that were not persisted", async () => {
  const bucket = new Bucket();
  bucket.failures = [() => ({ status: 308, range: `bytes=0-${CHUNK_BYTES - 1}` }), () => ({ lost: CHUNK_BYTES + 262144 })];
  bucket.failures[0] = () => ({ lost: 524288 });
  await uploadFile(SIZE, "", bucket.transport());
  assert.deepEqual(bucket.requests.slice(0, 3), [`0-${CHUNK_BYTES}`, "?", "?"]);
  assert.equal(bucket.complete, true);
  assert.ok(bucket.requests.some((text) => text.startsWith(`${CHUNK_BYTES + 262144}-`)), bucket.requests.join(" "));
});

test("after a reload the session is queried before anything is sent", async () => {
  const bucket = new Bucket();
  bucket.sessions.set("old", CHUNK_BYTES);
  await uploadFile(SIZE, "old", bucket.transport());
  assert.equal(bucket.requests[0], "?");
  assert.equal(bucket.requests[1], `${CHUNK_BYTES}-${2 * CHUNK_BYTES}`);
});

test("an expired session is replaced by a new one, from the start", async () => {
  const bucket = new Bucket();
  await uploadFile(SIZE, "expired", bucket.transport());
  assert.equal(bucket.requests[1], `0-${CHUNK_BYTES}`);
  assert.equal(bucket.storedSession, "s0");
});

test("a file whose last response was lost is not sent again", async () => {
  const bucket = new Bucket();
  bucket.complete = true;
  await uploadFile(SIZE, "", bucket.transport());
  assert.deepEqual(bucket.requests, []);
  const completed = new Bucket();
  completed.sessions.set("s", SIZE);
  await uploadFile(SIZE, "s", completed.transport());
  assert.deepEqual(completed.requests, ["?"]);
});

test("retries back off, and a success resets the delay", async () => {
  const bucket = new Bucket();
  const unavailable = () => ({ status: 503, range: "" });
  bucket.failures = [unavailable, unavailable, unavailable];
  await uploadFile(SIZE, "", bucket.transport());
  assert.deepEqual(bucket.delays, [1000, 2000, 4000]);
  assert.equal(retryDelayMs(40), 30_000);
});

test("a bucket that persists nothing of a chunk is not retried without a delay", async () => {
  const bucket = new Bucket();
  bucket.failures = [() => ({ status: 308, range: "" }), () => ({ status: 308, range: "" })];
  await uploadFile(SIZE, "", bucket.transport());
  assert.equal(bucket.delays.length, 1);
  assert.equal(bucket.complete, true);
});

test("a rejection ends the upload with its status", async () => {
  const bucket = new Bucket();
  bucket.failures = [() => ({ status: 403, range: "" })];
  await assert.rejects(uploadFile(SIZE, "", bucket.transport()), (error) => error instanceof UploadRejected && error.status === 403);
});

test("responses are interpreted as Cloud Storage documents them", () => {
  assert.deepEqual(interpretResponse({ status: 308, range: "" }), { kind: "continue", offset: 0 });
  assert.deepEqual(interpretResponse({ status: 308, range: "bytes=0-42" }), { kind: "continue", offset: 43 });
  assert.deepEqual(interpretResponse({ status: 201, range: "" }), { kind: "done" });
  assert.deepEqual(interpretResponse({ status: 412, range: "" }), { kind: "done" });
  assert.deepEqual(interpretResponse({ status: 429, range: "" }), { kind: "retry" });
  assert.equal(CHUNK_BYTES % (256 * 1024), 0);
});

const UPLOAD: StoredUpload = {
  job: "j", input: "video", title: "t", filename: "a.mp4", type: "video/mp4", size: 5, modified: 7, session: "https://s", text: "",
};

function memoryStorage() {
  const items = new Map<string, string>();
  return {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, value: string) => void items.set(name, value),
    removeItem: (name: string) => void items.delete(name),
  };
}

test("uploads of one user are not shown to the next one in the same browser", () => {
  const storage = memoryStorage();
  saveUploads("ann", [UPLOAD], storage, 1000);
  assert.deepEqual(loadUploads("ann", storage, 2000), [UPLOAD]);
  assert.deepEqual(loadUploads("bob", storage, 2000), []);
});

test("signing out warns about unfinished uploads, and an empty list removes the entry", () => {
  assert.equal(signOutWarning(1), "1 file is not up yet. Signing out gives it up.");
  assert.equal(signOutWarning(2), "2 files are not up yet. Signing out gives them up.");
  const storage = memoryStorage();
  saveUploads("ann", [UPLOAD], storage, 1000);
  saveUploads("bob", [UPLOAD], storage, 1000);
  saveUploads("ann", [], storage, 2000);
  assert.equal(storage.getItem("moodreel.uploads.ann"), null);
  assert.deepEqual(loadUploads("bob", storage, 2000), [UPLOAD]);
});

test("expired and malformed entries are ignored", () => {
  const storage = memoryStorage();
  saveUploads("ann", [UPLOAD], storage, 0);
  assert.deepEqual(loadUploads("ann", storage, 8 * 24 * 3600 * 1000), []);
  storage.setItem("moodreel.uploads.ann", "{rubbish");
  assert.deepEqual(loadUploads("ann", storage, 0), []);
});

test("a file that differs from the original is not resumed", () => {
  assert.equal(fileMismatch(UPLOAD, { name: "a.mp4", size: 5, lastModified: 7 }), "");
  assert.match(fileMismatch(UPLOAD, { name: "b.mp4", size: 5, lastModified: 7 }), /not a\.mp4/);
  assert.match(fileMismatch(UPLOAD, { name: "a.mp4", size: 6, lastModified: 7 }), /not a\.mp4/);
  assert.match(fileMismatch(UPLOAD, { name: "a.mp4", size: 5, lastModified: 8 }), /was changed/);
});
