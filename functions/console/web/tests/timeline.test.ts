import assert from "node:assert/strict";
import { test } from "node:test";

import { areas, bins, longestSeen, spanOf, stacked, stretches, ticks, timeAt, xOf } from "../src/emotions/chart.ts";
import { TimelineDamaged, TimelineReader, frameAt, readingsAt } from "../src/emotions/timeline.ts";

const CLASSES = ["angry", "happy", "neutral"];

function face(id: number, happy: number | null, angry = 0) {
  const told = { angry, happy, neutral: 1 - (happy ?? 0) - angry };
  return {
    face_id: id, box: [320, 180, 64, 72], score: 0.9, quality: "ok", sharpness: 100,
    dominant: "happy", confidence: happy, uncertain: happy !== null && happy < 0.5,
    emotions: happy === null ? null : told, unsmoothed: null,
  };
}

/** As emotion_scoring writes it: a line a frame. */
function file(frames: ReturnType<typeof face>[][], every = "1/2"): string {
  const head = JSON.stringify(
    { schema: "moodreel.emotions/1", note: "Not a feeling.", options: { every }, classes: CLASSES },
    null, 1,
  ).slice(0, -2);
  const lines = frames.map((faces, n) =>
    JSON.stringify({
      number: n + 1, time_s: n / 2, frame: `f${n}`, width: 640, height: 360,
      no_face: !faces.length, faces,
    }),
  );
  const tail = JSON.stringify({ summary: { frames: frames.length }, moments: [] }, null, 1);
  return `${head},\n "frames": [\n  ${lines.join(",\n  ")}\n ],\n${tail.slice(2)}\n`;
}

function read(text: string, piece = text.length) {
  const reader = new TimelineReader();
  for (let at = 0; at < text.length; at += piece) reader.push(text.slice(at, at + piece));
  return reader.end();
}

const TWO = file([
  [face(1, 0.9)], [face(1, 0.8), face(2, 0.3, 0.6)], [], [face(2, null)], [face(1, 0.7)],
]);

test("the same timeline comes of a file however its pieces are cut", () => {
  const whole = read(TWO);
  for (const piece of [1, 7, 64, 1000]) assert.deepEqual(read(TWO, piece), whole);
  assert.deepEqual(whole.timesS, [0, 0.5, 1, 1.5, 2]);
  assert.deepEqual([whole.everyS, whole.note], [0.5, "Not a feeling."]);
  assert.deepEqual(whole.faces.map((one) => [one.id, one.frames]), [[1, [0, 1, 4]], [2, [1, 3]]]);
  assert.deepEqual(whole.faces[0]?.boxes.slice(0, 4), [0.5, 0.5, 0.1, 0.2]);
});

test("half a file, another schema and a page instead of it are no timeline", () => {
  assert.throws(() => read(TWO.slice(0, -40)), TimelineDamaged);
  assert.throws(() => read(TWO.slice(0, 300)), TimelineDamaged);
  assert.throws(() => read(TWO.replace("emotions/1", "emotions/9")), TimelineDamaged);
  assert.throws(() => read("<html>Not found</html>"), TimelineDamaged);
  assert.throws(() => read(""), TimelineDamaged);
});

test("a time leads to the frame that is shown then, and to everybody in it", () => {
  const timeline = read(TWO);
  const at = (time_s: number) => frameAt(timeline.timesS, time_s);
  assert.deepEqual([-1, 0, 0.49, 0.5, 1.99, 9].map(at), [-1, 0, 0, 1, 3, 4]);
  assert.deepEqual(
    readingsAt(timeline, 1).map((one) => [one.face_id, one.dominant, one.uncertain]),
    [[1, "happy", false], [2, "angry", true]],
  );
  assert.deepEqual(readingsAt(timeline, 2), []);
  assert.equal(readingsAt(timeline, 3)[0]?.dominant, null);
});

test("a chart shows a gap where somebody was not seen and keeps every share", () => {
  const timeline = read(TWO);
  const span = spanOf(timeline);
  assert.deepEqual(span, { beginS: 0, endS: 2.5 });
  const [first] = longestSeen(timeline, 4);
  assert.ok(first);
  const row = bins(timeline, first, span, 5);
  assert.deepEqual(row.map((one) => one && one.values[1]), [0.9, 0.8, null, null, 0.7]);
  assert.deepEqual(stretches(row), [[0, 2], [4, 5]]);
  const coarse = bins(timeline, first, span, 2);
  assert.ok(Math.abs((coarse[0]?.values[1] ?? 0) - 0.85) < 1e-9);
  // Finer than the frames: a reading holds until the next one.
  const fine = bins(timeline, first, span, 50);
  assert.deepEqual(stretches(fine), [[0, 20], [40, 50]]);
});

test("the areas lie on each other and fill the whole height", () => {
  const timeline = read(TWO);
  const order = stacked(CLASSES);
  assert.deepEqual(order, ["happy", "neutral", "angry"]);
  const row = bins(timeline, timeline.faces[1]!, spanOf(timeline), 5);
  const paths = areas(row, CLASSES, order, { width: 100, height: 50 });
  assert.equal(paths.get("happy"), "M20 35L30 35L40 35L40 50L30 50L20 50Z");
  assert.ok(paths.get("angry")?.startsWith("M20 0L30 0L40 0"));
  assert.deepEqual(stacked(["x", "sad", "happy"]), ["happy", "sad", "x"]);
});

test("places and times lead to each other and never out of the chart", () => {
  const span = { beginS: 10, endS: 20 };
  assert.equal(xOf(15, span, 200), 100);
  assert.equal(timeAt(100, span, 200), 15);
  assert.deepEqual([xOf(-5, span, 200), xOf(99, span, 200)], [0, 200]);
  assert.deepEqual([timeAt(-5, span, 200), timeAt(999, span, 200)], [10, 20]);
  assert.equal(timeAt(0, span, 0), 10);
});

test("ticks are round and few, for a second and for hours", () => {
  assert.deepEqual(ticks({ beginS: 0, endS: 1 }, 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks({ beginS: 7, endS: 61 }, 8), [10, 20, 30, 40, 50, 60]);
  assert.deepEqual(ticks({ beginS: 0, endS: 7200 }, 5), [0, 1800, 3600, 5400, 7200]);
});
