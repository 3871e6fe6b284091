import assert from "node:assert/strict";
import { test } from "node:test";

import { type Outcome, canDo, runBulk } from "../src/jobs/bulk.ts";
import { type JobSummary, listedJobFromApi, listedJobFromDocument, parseRational } from "../src/jobs/listed-job.ts";
import { NOTHING, retain, toggle, toggleAll } from "../src/jobs/selection.ts";
import { NEWEST_FIRST, nextSort, sortJobs, sortOf, sortParam } from "../src/jobs/sort.ts";
import { nextItem } from "../src/ui/menu.tsx";

const ROWS = ["a", "b", "c", "d", "e"];
const DOCUMENT = {
  recipe: "recap", title: "Harbour", status: "done", revision: 0, created_at: 1000,
  inputs: [{ name: "video", filename: "harbour.mp4", content_type: "video/mp4", size_bytes: 100 }],
  artifacts: [
    { name: "film.mp4", kind: "film", content_type: "video/mp4", size_bytes: 20, generation: 1, bucket: "outputs" },
    { name: "pack", kind: "pack", content_type: "x/y", size_bytes: 7, generation: 1, bucket: "work" },
  ],
  worked_ms: { stitching: 2000, of_another_version: 9 },
  facts: { upload_trigger: { video: { media_info: { duration: "1001/30" } } } },
};

test("a job of the list has the duration, the size and the cost of its document", () => {
  const job = listedJobFromDocument("j", DOCUMENT);
  assert.ok(job);
  assert.equal(job.durationS?.toFixed(3), "33.367");
  // Objects between stages are not counted: users do not see them.
  assert.equal(job.sizeBytes, 120);
  assert.ok(job.costUsd > 0 && job.costUsd < 0.001);
  assert.ok(job.hasVideo);
  const film = listedJobFromDocument("j", { ...DOCUMENT, facts: { stitching: { duration_s: 12.5 } } });
  assert.equal(film?.durationS, 12.5);
  assert.equal(listedJobFromDocument("j", { status: "deleted" }), null);
  const waiting = listedJobFromDocument("j", { recipe: "presentation", status: "awaiting_upload", title: "" });
  assert.deepEqual([waiting?.durationS, waiting?.sizeBytes, waiting?.hasVideo], [null, 0, false]);
  assert.deepEqual(["12", "12.5", "1/4", null, "x", "1/0"].map(parseRational), [12, 12.5, 0.25, 0, 0, 0]);
});

test("a found job shows what the API says of it", () => {
  const summary = {
    id: "j", recipe: "frames", title: "T", status: "done", revision: 2, created_at: "2026-01-01T00:00:00Z",
    duration_s: 3.5, size_bytes: 9, cost_usd: 0.25,
    thumbnail: { name: "sheet.jpg", kind: "sheet", content_type: "image/jpeg", size_bytes: 1, revision: 0 },
  } as unknown as JobSummary;
  const job = listedJobFromApi(summary);
  assert.deepEqual([job.durationS, job.sizeBytes, job.costUsd, job.hasVideo], [3.5, 9, 0.25, true]);
  assert.equal(job.artifacts[0]?.name, "sheet.jpg");
});

test("the Shift key selects or deselects the rows between two clicks", () => {
  const first = toggle(NOTHING, ROWS, "b", false);
  const range = toggle(first, ROWS, "d", true);
  assert.deepEqual([...range.ids], ["b", "c", "d"]);
  assert.deepEqual([...toggle(range, ROWS, "a", true).ids].sort(), ["a", "b", "c", "d"]);
  assert.deepEqual([...toggle(range, ROWS, "b", true).ids], []);
  // Without a row before, it is a plain click.
  assert.deepEqual([...toggle(NOTHING, ROWS, "c", true).ids], ["c"]);
});

test("a job that has left the list is no longer selected", () => {
  const all = toggleAll(NOTHING, ROWS);
  assert.equal(all.ids.size, 5);
  assert.deepEqual([...retain(all, ["a", "e"]).ids], ["a", "e"]);
  assert.equal(retain(all, ROWS), all);
  assert.equal(toggleAll(all, ROWS).ids.size, 0);
});

test("jobs are sorted by a column, equal ones newest first", () => {
  const jobs = [10, 2, 2].map((size, index) => ({
    ...listedJobFromDocument(`j${index}`, { ...DOCUMENT, title: `Take ${size}`, created_at: index }),
    sizeBytes: size,
  })) as Parameters<typeof sortJobs>[0];
  const ids = (text: string) => sortJobs(jobs, sortOf(text)).map((job) => job.id);
  assert.deepEqual(ids("-size"), ["j0", "j2", "j1"]);
  assert.deepEqual(ids("title"), ["j2", "j1", "j0"]);
  assert.deepEqual(ids(""), ["j2", "j1", "j0"]);
  assert.deepEqual(ids("-age"), ["j0", "j1", "j2"]);
  assert.deepEqual(sortOf("-nothing"), NEWEST_FIRST);
  assert.equal(sortParam(NEWEST_FIRST), "");
  assert.equal(sortParam(nextSort(NEWEST_FIRST, "size")), "-size");
  assert.equal(sortParam(nextSort(sortOf("-size"), "size")), "size");
});

test("an action on many jobs runs four at once, waits for a rate limit and reports what was refused", async () => {
  let running = 0;
  let most = 0;
  let limited = 0;
  const slept: number[] = [];
  const outcomes = new Map<string, Outcome>();
  await runBulk(["a", "b", "c", "d", "e", "limited", "refused"], {
    act: async (id) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      if (id === "limited" && limited++ < 2) throw { status: 429, retryAfterS: 7 };
      if (id === "refused") throw { status: 409 };
    },
    onOutcome: (id, outcome) => outcomes.set(id, outcome),
    signal: new AbortController().signal,
    sleep: async (seconds) => void slept.push(seconds),
  });
  assert.equal(most, 4);
  assert.deepEqual(slept, [7, 7]);
  const failed = [...outcomes].filter(([, { state }]) => state === "failed").map(([id]) => id);
  assert.deepEqual(failed, ["refused"]);
  assert.equal([...outcomes.values()].filter(({ state }) => state === "done").length, 6);
});

test("after a stop no further job is begun", async () => {
  const controller = new AbortController();
  const begun: string[] = [];
  await runBulk(ROWS, {
    act: async (id) => {
      begun.push(id);
      controller.abort();
    },
    onOutcome: () => undefined,
    signal: controller.signal,
  });
  assert.ok(begun.length <= 4);
});

test("a stop ends the wait for a rate limit, and the job is not tried again", async () => {
  const controller = new AbortController();
  const states: string[] = [];
  let tries = 0;
  await runBulk(["limited", "next"], {
    act: async () => {
      tries++;
      // After the rejection, while the run waits.
      setTimeout(() => controller.abort());
      throw { status: 429, retryAfterS: 60 };
    },
    onOutcome: (_, { state }) => states.push(state),
    signal: controller.signal,
  });
  assert.deepEqual(states, ["running", "running", "waiting", "waiting"]);
  assert.equal(tries, 2);
});

test("only jobs in a fitting state are cancelled or tried again", () => {
  assert.ok(canDo("cancel", { status: "running" }) && !canDo("cancel", { status: "done" }));
  assert.ok(canDo("redrive", { status: "failed" }) && !canDo("redrive", { status: "cancelled" }));
  assert.ok(canDo("delete", { status: "running" }));
});

test("keys move through a menu as in the ARIA pattern", () => {
  const labels = ["Open", "Cancel", "Copy"];
  const moves = (["ArrowDown", "ArrowUp", "Home", "End", "c", "o", "x", "Enter", " "]).map((key) => nextItem(key, 1, labels));
  assert.deepEqual(moves, [2, 0, 0, 2, 2, 0, null, null, null]);
});
