import assert from "node:assert/strict";
import { test } from "node:test";

import { type Line, Refused, deliver } from "../src/upload/deliver.ts";
import { type Upload, givenUp, load, otherFile, save } from "../src/upload/kept.ts";
import { CHUNK_BYTES, judge, waitMs } from "../src/upload/plan.ts";

const SIZE = 2 * CHUNK_BYTES + 1000;

/** A bucket with one session after the other, and a list of mishaps that come in their turn. */
class Bucket {
  sessions = new Map<string, number>();
  put: string[] = [];
  kept = "";
  waits: number[] = [];
  mishaps: ((held: number, end: number) => { status: number; range: string } | { lost: number })[] = [];
  there = false;

  line(): Line {
    return {
      begin: async () => {
        if (this.there) return "";
        const name = `s${this.sessions.size}`;
        this.sessions.set(name, 0);
        return name;
      },
      keep: (session) => {
        this.kept = session;
      },
      put: async (session, span) => this.answer(session, span),
      reached: () => undefined,
      wait: async (ms) => {
        this.waits.push(ms);
      },
    };
  }

  answer(session: string, span: { start: number; end: number } | null) {
    const held = this.sessions.get(session);
    this.put.push(span ? `${span.start}-${span.end}` : "?");
    if (held === undefined) return { status: 410, range: "" };
    const mishap = this.mishaps.shift()?.(held, span?.end ?? held);
    if (mishap && "lost" in mishap) {
      this.sessions.set(session, mishap.lost);
      return { status: 0, range: "" };
    }
    if (mishap) return mishap;
    if (span && span.start > held) return { status: 503, range: "" };
    const now = span ? Math.max(held, span.end) : held;
    this.sessions.set(session, now);
    if (now === SIZE) {
      this.there = true;
      return { status: 200, range: "" };
    }
    return { status: 308, range: now ? `bytes=0-${now - 1}` : "" };
  }
}

test("a file goes up in pieces, each once", async () => {
  const bucket = new Bucket();
  await deliver(SIZE, "", bucket.line());
  assert.deepEqual(bucket.put, [`0-${CHUNK_BYTES}`, `${CHUNK_BYTES}-${2 * CHUNK_BYTES}`, `${2 * CHUNK_BYTES}-${SIZE}`]);
  assert.equal(bucket.there, true);
});

test("a connection that breaks in the middle of a piece costs what was not kept, and no more", async () => {
  const bucket = new Bucket();
  bucket.mishaps = [() => ({ status: 308, range: `bytes=0-${CHUNK_BYTES - 1}` }), () => ({ lost: CHUNK_BYTES + 262144 })];
  bucket.mishaps[0] = () => ({ lost: 524288 });
  await deliver(SIZE, "", bucket.line());
  assert.deepEqual(bucket.put.slice(0, 3), [`0-${CHUNK_BYTES}`, "?", "?"]);
  assert.equal(bucket.there, true);
  assert.ok(bucket.put.some((one) => one.startsWith(`${CHUNK_BYTES + 262144}-`)), bucket.put.join(" "));
});

test("after a reload the session is asked how far it is before anything is sent", async () => {
  const bucket = new Bucket();
  bucket.sessions.set("old", CHUNK_BYTES);
  await deliver(SIZE, "old", bucket.line());
  assert.equal(bucket.put[0], "?");
  assert.equal(bucket.put[1], `${CHUNK_BYTES}-${2 * CHUNK_BYTES}`);
});

test("a session that is over is followed by another one, from the beginning", async () => {
  const bucket = new Bucket();
  await deliver(SIZE, "gone", bucket.line());
  assert.equal(bucket.put[1], `0-${CHUNK_BYTES}`);
  assert.equal(bucket.kept, "s0");
});

test("a file that arrived while its last answer was lost is not sent again", async () => {
  const bucket = new Bucket();
  bucket.there = true;
  await deliver(SIZE, "", bucket.line());
  assert.deepEqual(bucket.put, []);
  const lastLost = new Bucket();
  lastLost.sessions.set("s", SIZE);
  await deliver(SIZE, "s", lastLost.line());
  assert.deepEqual(lastLost.put, ["?"]);
});

test("while nothing goes through it waits longer and longer, and a success forgives", async () => {
  const bucket = new Bucket();
  const down = () => ({ status: 503, range: "" });
  bucket.mishaps = [down, down, down];
  await deliver(SIZE, "", bucket.line());
  assert.deepEqual(bucket.waits, [1000, 2000, 4000]);
  assert.equal(waitMs(40), 30_000);
});

test("a bucket that keeps nothing of a piece is not asked for ever without a pause", async () => {
  const bucket = new Bucket();
  bucket.mishaps = [() => ({ status: 308, range: "" }), () => ({ status: 308, range: "" })];
  await deliver(SIZE, "", bucket.line());
  assert.equal(bucket.waits.length, 1);
  assert.equal(bucket.there, true);
});

test("a refusal ends it and says what to do", async () => {
  const bucket = new Bucket();
  bucket.mishaps = [() => ({ status: 403, range: "" })];
  await assert.rejects(deliver(SIZE, "", bucket.line()), (fault) => fault instanceof Refused && fault.status === 403);
});

test("what the bucket answers is read as its documentation has it", () => {
  assert.deepEqual(judge({ status: 308, range: "" }), { kind: "more", offset: 0 });
  assert.deepEqual(judge({ status: 308, range: "bytes=0-42" }), { kind: "more", offset: 43 });
  assert.deepEqual(judge({ status: 201, range: "" }), { kind: "done" });
  assert.deepEqual(judge({ status: 412, range: "" }), { kind: "done" });
  assert.deepEqual(judge({ status: 429, range: "" }), { kind: "later" });
  assert.equal(CHUNK_BYTES % (256 * 1024), 0);
});

const ONE: Upload = {
  job: "j", input: "video", title: "t", filename: "a.mp4", type: "video/mp4", size: 5, modified: 7, session: "https://s", text: "",
};

function box() {
  const held = new Map<string, string>();
  return {
    getItem: (name: string) => held.get(name) ?? null,
    setItem: (name: string, value: string) => void held.set(name, value),
    removeItem: (name: string) => void held.delete(name),
  };
}

test("what one person has begun is not shown to the next one at the same browser", () => {
  const kept = box();
  save("ann", [ONE], kept, 1000);
  assert.deepEqual(load("ann", kept, 2000), [ONE]);
  assert.deepEqual(load("bob", kept, 2000), []);
});

test("signing out says what it costs, and an empty list leaves nothing behind", () => {
  assert.equal(givenUp(1), "1 file is not up yet. Signing out gives it up.");
  assert.equal(givenUp(2), "2 files are not up yet. Signing out gives them up.");
  const kept = box();
  save("ann", [ONE], kept, 1000);
  save("bob", [ONE], kept, 1000);
  save("ann", [], kept, 2000);
  assert.equal(kept.getItem("moodreel.uploads.ann"), null);
  assert.deepEqual(load("bob", kept, 2000), [ONE]);
});

test("uploads older than a session's life, and rubbish, are forgotten", () => {
  const kept = box();
  save("ann", [ONE], kept, 0);
  assert.deepEqual(load("ann", kept, 8 * 24 * 3600 * 1000), []);
  kept.setItem("moodreel.uploads.ann", "{rubbish");
  assert.deepEqual(load("ann", kept, 0), []);
});

test("another file than the one that was begun with is not appended to it", () => {
  assert.equal(otherFile(ONE, { name: "a.mp4", size: 5, lastModified: 7 }), "");
  assert.match(otherFile(ONE, { name: "b.mp4", size: 5, lastModified: 7 }), /not a\.mp4/);
  assert.match(otherFile(ONE, { name: "a.mp4", size: 6, lastModified: 7 }), /not a\.mp4/);
  assert.match(otherFile(ONE, { name: "a.mp4", size: 5, lastModified: 8 }), /was changed/);
});
