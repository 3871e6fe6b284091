import assert from "node:assert/strict";
import { test } from "node:test";

import { JOIN_SHARES, type JobStatus } from "../src/contract.ts";
import { type Job, type JobView, type Stage, type StoredDocument, computeCostUsd, jobFromApi, jobFromDocuments, progressOf, toMillis, withWaits } from "../src/job/model.ts";
import { type Sample, addSample, estimateTimeLeftS, roundTimeLeftS } from "../src/job/time-left.ts";
import { isMoving, waterfall } from "../src/job/run/waterfall.ts";
import { eventLabel, remedy, stageLabel, statusLabel, waitLabel } from "../src/job/labels.ts";

const T0 = Date.parse("2026-11-26T12:00:00Z");
const timestamp = (seconds: number) => ({ toMillis: () => T0 + seconds * 1000 });

const JOB: StoredDocument = {
  owner: "u", recipe: "presentation", title: "Stones", status: "running", epoch: 0, revision: 1,
  options: {}, facts: {}, warnings: [], error: null, created_at: timestamp(0), updated_at: timestamp(1),
  expires_at: timestamp(99),
  stages: { stitching: "queued", notification: "waiting", upload_trigger: "done", slide_generation: "done", text_to_speech: "running" },
  artifacts: [
    { name: "deck.json", kind: "deck", bucket: "outputs", object: "x", generation: 1, size_bytes: 5, content_type: "application/json" },
    { name: "narration", kind: "narration", bucket: "work", object: "y", generation: 1, size_bytes: 5, content_type: "application/json" },
  ],
};

function stage(name: string, overrides: StoredDocument = {}): StoredDocument {
  return {
    job: "j", owner: "u", stage: name, revision: 0, state: "waiting", total: null, retries: 0,
    queued_at: null, started_at: null, finished_at: null, error: null, ...overrides,
  };
}

function shard(name: string, number: number, overrides: StoredDocument = {}): StoredDocument {
  return {
    job: "j", owner: "u", stage: name, revision: 0, shard: number, done: 0, progress: {}, retries: 0, worked_ms: 0,
    ...overrides,
  };
}

test("a job has the notes of its user, and documents of earlier versions have none", () => {
  const noted = jobFromDocuments("j", { ...JOB, description: "Day one", tags: ["trip"], metadata: { a: "b" } }, []);
  assert.deepEqual([noted?.description, noted?.tags, noted?.metadata], ["Day one", ["trip"], { a: "b" }]);
  const old = jobFromDocuments("j", JOB, []);
  assert.deepEqual([old?.description, old?.tags, old?.metadata, old?.people], ["", [], {}, {}]);
});

test("a job shows the newest revision of every stage, in pipeline order", () => {
  const job = jobFromDocuments("j", JOB, [
    stage("text_to_speech", { state: "done", total: 4 }),
    shard("text_to_speech", 0, { done: 4, retries: 7 }),
    stage("text_to_speech", { revision: 1, state: "running", total: 4, started_at: timestamp(1), retries: 1 }),
    shard("text_to_speech", 0, { revision: 1, done: 1, progress: { p0: 0, p2: 0.5 }, retries: 1 }),
    shard("text_to_speech", 1, { revision: 1, progress: { p1: 0.5 } }),
    stage("upload_trigger", { state: "done", total: 1 }),
  ]);
  assert.ok(job);
  assert.deepEqual(job.stages.map((stage) => stage.name), [
    "upload_trigger", "slide_generation", "text_to_speech", "stitching", "notification",
  ]);
  const speech = job.stages[2] as Stage;
  // The join, which has not begun, does a part of the work.
  const speechProgress = (1 - JOIN_SHARES.text_to_speech) * 0.5;
  assert.deepEqual([speech.state, speech.done, speech.progress, speech.attempts], ["running", 1, speechProgress, 3]);
  // It has no document yet: the state in the job's document counts.
  assert.equal(job.stages[3]?.state, "queued");
  assert.deepEqual(job.artifacts.map((artifact) => artifact.name), ["deck.json"]);
  // upload_trigger 1, slide_generation 4, text_to_speech 3, stitching 8.
  assert.equal(progressOf(job), (1 + 4 + 3 * speechProgress) / (1 + 4 + 3 + 8));
});

test("working time and cost are the sums over the shards of all revisions", () => {
  const job = jobFromDocuments("j", JOB, [
    stage("stitching", { state: "stopped", total: 2 }),
    shard("stitching", 0, { worked_ms: 1000 }),
    stage("stitching", { revision: 1, state: "running", total: 2 }),
    shard("stitching", 0, { revision: 1, worked_ms: 2000 }),
    shard("stitching", 1, { revision: 1, worked_ms: 500 }),
  ]);
  assert.equal(job?.stages[3]?.workedS, 2.5);
  assert.equal(job?.costUsd, computeCostUsd("stitching", 1) + computeCostUsd("stitching", 2.5));
});

test("a notification, which has no shards, is complete when it was sent", () => {
  const documents = [stage("notification", { state: "done", total: 1 })];
  const [sent] = jobFromDocuments("j", { ...JOB, stages: { notification: "done" } }, documents)?.stages ?? [];
  assert.deepEqual([sent?.done, sent?.total, sent?.progress], [1, 1, 1]);
});

test("states have the terms of the documentation", () => {
  assert.deepEqual(["queued", "running", "awaiting_review"].map((status) => statusLabel(status as JobStatus)), [
    "Queued", "In progress", "Needs review",
  ]);
});

test("a tombstone is not a job", () => {
  assert.equal(jobFromDocuments("j", { status: "deleted", owner: "u" }, []), null);
});

test("times are parsed from every form in which they are stored", () => {
  assert.deepEqual(
    [timestamp(0), new Date(T0), "2026-11-26T12:00:00Z", T0].map(toMillis), [T0, T0, T0, T0],
  );
  assert.deepEqual([null, undefined, {}].map(toMillis), [null, null, null]);
});

function stageWith(name: string, overrides: Partial<Stage>): Stage {
  const [first] = jobFromDocuments("j", { ...JOB, stages: { [name]: "waiting" } }, [stage(name)])?.stages ?? [];
  return { ...(first as Stage), ...overrides };
}

test("bars show when a stage waited and worked, up to now for a running one", () => {
  const rows = waterfall([
    stageWith("upload_trigger", { state: "done", queued_at: T0, started_at: T0 + 2000, finished_at: T0 + 4000 }),
    stageWith("frame_extraction", { state: "running", queued_at: T0 + 4000, started_at: T0 + 5000 }),
    stageWith("notification", {}),
  ], T0 + 10_000);

  assert.equal(rows.totalS, 10);
  assert.deepEqual(rows.rows[0]?.waited, { start: 0, length: 0.2 });
  assert.deepEqual(rows.rows[0]?.worked, { start: 0.2, length: 0.2 });
  assert.deepEqual(rows.rows[1]?.worked, { start: 0.5, length: 0.5 });
  assert.deepEqual([rows.rows[1]?.waitedS, rows.rows[1]?.workedS], [1, 5]);
  assert.deepEqual([rows.rows[2]?.waited, rows.rows[2]?.worked], [null, null]);
});

test("waiting for the user takes no room on the axis", () => {
  const { rows, totalS, pausedS } = waterfall([
    stageWith("slide_generation", { state: "done", queued_at: T0, started_at: T0 + 1000, finished_at: T0 + 5000 }),
    stageWith("text_to_speech", {
      state: "done", queued_at: T0 + 7_205_000, started_at: T0 + 7_205_000, finished_at: T0 + 7_210_000,
    }),
    stageWith("stitching", { state: "running", queued_at: T0 + 7_211_000, started_at: T0 + 7_211_000 }),
  ], T0 + 7_215_000);

  assert.deepEqual([totalS, pausedS], [15, 7200]);
  assert.deepEqual(rows[1]?.worked, { start: 5 / 15, length: 5 / 15 });
  assert.equal(rows[1]?.workedS, 5);
  // The pause of a second between two stages is on the axis.
  assert.deepEqual(rows[2]?.worked, { start: 11 / 15, length: 4 / 15 });
});

test("clock skew and very short work still give bars within the axis", () => {
  const { rows } = waterfall([
    stageWith("upload_trigger", { state: "done", queued_at: T0 + 500, started_at: T0, finished_at: T0 }),
    stageWith("stitching", { state: "done", queued_at: T0, started_at: T0 + 60_000, finished_at: T0 + 60_000 }),
  ], T0 + 999_999);
  for (const row of rows)
    for (const bar of [row.waited, row.worked])
      if (bar) assert.ok(bar.start >= 0 && bar.length > 0 && bar.start + bar.length <= 1.0000001);
  assert.equal(rows[0]?.waited, null);
});

test("a job without any started stage has an axis, and nothing moves", () => {
  const stages = [stageWith("upload_trigger", {})];
  assert.deepEqual(waterfall(stages, T0).rows[0]?.worked, null);
  assert.equal(isMoving(stages), false);
  assert.equal(isMoving([stageWith("upload_trigger", { state: "queued" })]), true);
});

test("a failure suggests what to do about it", () => {
  const job = jobFromDocuments("j", { ...JOB, artifacts: [] }, []);
  assert.ok(job);
  const failed = (code: string, stage: string) => remedy({ code, message: "", stage }, job);
  assert.equal(failed("video-unreadable", "upload_trigger").retryable, false);
  assert.match(failed("video-unreadable", "upload_trigger").advice, /another file/);
  assert.equal(failed("voice-unavailable", "text_to_speech").retryable, true);
  assert.equal(failed("source-expired", "stitching").retryable, false);
  assert.equal(remedy({ code: "wrong-upload", message: "", stage: null }, job).retryable, false);
});

test("unknown stages and events are still readable", () => {
  assert.equal(stageLabel("face_painting"), "face painting");
  const event = { at: "", epoch: 0, details: { stage: "stitching" } };
  assert.equal(eventLabel({ ...event, what: "stage_done" }), "Render film: done");
  assert.equal(eventLabel({ ...event, what: "moved_on" }), "moved on");
});

test("a running stage shows what it waits for, as the API returns it", () => {
  const job = jobFromDocuments("j", JOB, []) as Job;
  const waiting = {
    service: "speech", code: "voice-overloaded", since: "2026-11-26T12:00:00Z", next_try_at: "2026-11-26T12:03:00Z",
  };
  const view = { ...job, stages: job.stages.map((stage) => ({ ...stage, waiting })) } as unknown as JobView;
  const merged = withWaits(job, jobFromApi(view));
  assert.deepEqual(
    merged.stages.filter((stage) => stage.waiting).map((stage) => [stage.name, stage.waiting?.next_try_at]),
    [["text_to_speech", T0 + 180_000], ["stitching", T0 + 180_000]],
  );
  assert.equal(withWaits({ ...job, epoch: 1 }, jobFromApi(view)).stages[2]?.waiting, null);
  assert.equal(withWaits(job, undefined), job);
});

test("a wait names the service and the time of the next try", () => {
  const wait = { service: "speech", code: "voice-overloaded", since: T0, next_try_at: T0 + 180_000 } as const;
  assert.match(waitLabel(wait, "en-GB"), /^Waiting for the speech service, next try \d\d:03$/);
});

test("the time left follows the progress of the last minute", () => {
  let samples: Sample[] = [];
  for (let second = 0; second <= 20; second += 5) samples = addSample(samples, { at: second * 1000, progress: second / 100 });
  assert.equal(estimateTimeLeftS(samples, 20_000), 80);
  // It grows while nothing moves.
  assert.equal(estimateTimeLeftS(samples, 40_000), 160);
  assert.equal(estimateTimeLeftS(samples.slice(0, 2), 5_000), null);
  assert.deepEqual(addSample(samples, { at: 21_000, progress: 0.1 }), [{ at: 21_000, progress: 0.1 }]);
  assert.equal(addSample(samples, { at: 79_000, progress: 0.5 })[0]?.at, 20_000);
  assert.deepEqual([3, 42, 95, 3000].map(roundTimeLeftS), [5, 40, 90, 3000]);
});
