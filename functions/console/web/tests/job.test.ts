import assert from "node:assert/strict";
import { test } from "node:test";

import { type Doc, type Stage, jobOf, momentOf, share } from "../src/job/model.ts";
import { moves, waterfall } from "../src/job/stages/waterfall.ts";
import { eventName, remedy, stageName } from "../src/job/words.ts";

const T0 = Date.parse("2026-11-26T12:00:00Z");
const at = (seconds: number) => ({ toMillis: () => T0 + seconds * 1000 });

const JOB: Doc = {
  owner: "u", recipe: "presentation", title: "Stones", status: "running", epoch: 0, revision: 1,
  options: {}, facts: {}, warnings: [], error: null, created_at: at(0), updated_at: at(1),
  expires_at: at(99),
  stages: { stitching: "queued", notification: "waiting", upload_trigger: "done", slide_generation: "done", text_to_speech: "running" },
  artefacts: [
    { name: "deck.json", kind: "deck", bucket: "outputs", object: "x", generation: 1, size_bytes: 5, content_type: "application/json" },
    { name: "narration", kind: "narration", bucket: "work", object: "y", generation: 1, size_bytes: 5, content_type: "application/json" },
  ],
};

function stage(name: string, more: Doc = {}): Doc {
  return {
    job: "j", owner: "u", stage: name, revision: 0, state: "waiting", total: null, done: 0, progress: {}, retries: 0,
    worked_ms: 0, queued_at: null, started_at: null, finished_at: null, error: null, ...more,
  };
}

test("a job shows the newest revision of every stage, in the order of the chain", () => {
  const job = jobOf("j", JOB, [
    stage("text_to_speech", { state: "done", total: 4, done: 4 }),
    stage("text_to_speech", { revision: 1, state: "running", total: 4, done: 1, progress: { 1: 0.5, 2: 0.5 }, started_at: at(1), retries: 2 }),
    stage("upload_trigger", { state: "done", total: 1, done: 1 }),
  ]);
  assert.ok(job);
  assert.deepEqual(job.stages.map((one) => one.name), [
    "upload_trigger", "slide_generation", "text_to_speech", "stitching", "notification",
  ]);
  const speech = job.stages[2] as Stage;
  assert.deepEqual([speech.state, speech.progress, speech.attempts], ["running", 0.5, 3]);
  // No document has come for it yet: the job's own word counts.
  assert.equal(job.stages[3]?.state, "queued");
  assert.deepEqual(job.artefacts.map((one) => one.name), ["deck.json"]);
  assert.equal(share(job), (1 + 1 + 0.5) / 4);
});

test("a tombstone is no job", () => {
  assert.equal(jobOf("j", { status: "deleted", owner: "u" }, []), null);
});

test("moments are read in every form in which they come", () => {
  assert.deepEqual(
    [at(0), new Date(T0), "2026-11-26T12:00:00Z", T0].map(momentOf), [T0, T0, T0, T0],
  );
  assert.deepEqual([null, undefined, {}].map(momentOf), [null, null, null]);
});

function told(name: string, more: Partial<Stage>): Stage {
  const [one] = jobOf("j", { ...JOB, stages: { [name]: "waiting" } }, [stage(name)])?.stages ?? [];
  return { ...(one as Stage), ...more };
}

test("bars lie where a stage waited and worked, up to now for one that goes on", () => {
  const rows = waterfall([
    told("upload_trigger", { state: "done", queued_at: T0, started_at: T0 + 2000, finished_at: T0 + 4000 }),
    told("frame_extraction", { state: "running", queued_at: T0 + 4000, started_at: T0 + 5000 }),
    told("notification", {}),
  ], T0 + 10_000);

  assert.equal(rows.totalS, 10);
  assert.deepEqual(rows.rows[0]?.waited, { from: 0, long: 0.2 });
  assert.deepEqual(rows.rows[0]?.worked, { from: 0.2, long: 0.2 });
  assert.deepEqual(rows.rows[1]?.worked, { from: 0.5, long: 0.5 });
  assert.deepEqual([rows.rows[1]?.waitedS, rows.rows[1]?.workedS], [1, 5]);
  assert.deepEqual([rows.rows[2]?.waited, rows.rows[2]?.worked], [null, null]);
});

test("clocks that differ and work too short to be seen still give bars within the axis", () => {
  const { rows } = waterfall([
    told("upload_trigger", { state: "done", queued_at: T0 + 500, started_at: T0, finished_at: T0 }),
    told("stitching", { state: "done", queued_at: T0, started_at: T0 + 60_000, finished_at: T0 + 60_000 }),
  ], T0 + 999_999);
  for (const row of rows)
    for (const bar of [row.waited, row.worked])
      if (bar) assert.ok(bar.from >= 0 && bar.long > 0 && bar.from + bar.long <= 1.0000001);
  assert.equal(rows[0]?.waited, null);
});

test("a job of which nothing began has an axis all the same, and nothing moves", () => {
  const stages = [told("upload_trigger", {})];
  assert.deepEqual(waterfall(stages, T0).rows[0]?.worked, null);
  assert.equal(moves(stages), false);
  assert.equal(moves([told("upload_trigger", { state: "queued" })]), true);
});

test("a failure says what can be done about it", () => {
  const job = jobOf("j", { ...JOB, artefacts: [] }, []);
  assert.ok(job);
  const failed = (code: string, where: string) => remedy({ code, message: "", stage: where }, job);
  assert.equal(failed("video-unreadable", "upload_trigger").again, false);
  assert.match(failed("video-unreadable", "upload_trigger").advice, /another file/);
  assert.equal(failed("voice-unavailable", "text_to_speech").again, true);
  assert.equal(failed("source-expired", "stitching").again, false);
});

test("stages and events that nobody knows yet are still readable", () => {
  assert.equal(stageName("face_painting"), "face painting");
  const what = { at: "", epoch: 0, details: { stage: "stitching" } };
  assert.equal(eventName({ ...what, what: "stage_done" }), "Make the film: done");
  assert.equal(eventName({ ...what, what: "moved_on" }), "moved on");
});
