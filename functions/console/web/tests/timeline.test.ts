import assert from "node:assert/strict";
import { test } from "node:test";

import { areas, bins, mostSeenFaces, seenRanges, spanOf, stackOrder, ticks, timeToX, xToTime } from "../src/emotions/chart/chart-geometry.ts";
import { formatTenths } from "../src/emotions/labels.ts";
import { formatCsv, personLabel } from "../src/emotions/people.ts";
import { shownFace } from "../src/emotions/selection.ts";
import { commandOf, stopAfter, stopBefore } from "../src/film/keys.ts";
import { TimelineParseError, TimelineReader, frameAt, readingsAt } from "../src/emotions/timeline.ts";

const CLASSES = ["angry", "happy", "neutral"];

function face(id: number, happy: number | null, angry = 0) {
  const emotions = { angry, happy, neutral: 1 - (happy ?? 0) - angry };
  return {
    face_id: id, box: [320, 180, 64, 72], score: 0.9, quality: "ok", sharpness: 100,
    dominant: "happy", confidence: happy, uncertain: happy !== null && happy < 0.5,
    emotions: happy === null ? null : emotions, unsmoothed: null,
  };
}

/** As emotion_scoring writes it: one line per frame. */
function timelineFile(frames: ReturnType<typeof face>[][], every = "1/2"): string {
  const header = JSON.stringify(
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
  return `${header},\n "frames": [\n  ${lines.join(",\n  ")}\n ],\n${tail.slice(2)}\n`;
}

function parse(text: string, chunkSize = text.length) {
  const reader = new TimelineReader();
  for (let frameIndexAt = 0; frameIndexAt < text.length; frameIndexAt += chunkSize) reader.push(text.slice(frameIndexAt, frameIndexAt + chunkSize));
  return reader.end();
}

const TWO_FACES = timelineFile([
  [face(1, 0.9)], [face(1, 0.8), face(2, 0.3, 0.6)], [], [face(2, null)], [face(1, 0.7)],
]);

test("the timeline does not depend on how the file is cut into chunks", () => {
  const timeline = parse(TWO_FACES);
  for (const chunkSize of [1, 7, 64, 1000]) assert.deepEqual(parse(TWO_FACES, chunkSize), timeline);
  assert.deepEqual(timeline.timesS, [0, 0.5, 1, 1.5, 2]);
  assert.deepEqual([timeline.intervalS, timeline.note], [0.5, "Not a feeling."]);
  assert.deepEqual(timeline.faces.map((face) => [face.id, face.frames]), [[1, [0, 1, 4]], [2, [1, 3]]]);
  assert.deepEqual(timeline.faces[0]?.boxes.slice(0, 4), [0.5, 0.5, 0.1, 0.2]);
});

test("a truncated file, another schema and an HTML page are parse errors", () => {
  assert.throws(() => parse(TWO_FACES.slice(0, -40)), TimelineParseError);
  assert.throws(() => parse(TWO_FACES.slice(0, 300)), TimelineParseError);
  assert.throws(() => parse(TWO_FACES.replace("emotions/1", "emotions/9")), TimelineParseError);
  assert.throws(() => parse("<html>Not found</html>"), TimelineParseError);
  assert.throws(() => parse(""), TimelineParseError);
});

test("a time gives the frame shown then and the readings of all faces in it", () => {
  const timeline = parse(TWO_FACES);
  const frameIndexAt = (time_s: number) => frameAt(timeline.timesS, time_s);
  assert.deepEqual([-1, 0, 0.49, 0.5, 1.99, 9].map(frameIndexAt), [-1, 0, 0, 1, 3, 4]);
  assert.deepEqual(
    readingsAt(timeline, 1).map((reading) => [reading.face_id, reading.dominant, reading.uncertain]),
    [[1, "happy", false], [2, "angry", true]],
  );
  assert.deepEqual(readingsAt(timeline, 2), []);
  assert.equal(readingsAt(timeline, 3)[0]?.dominant, null);
});

test("bins are null where a face was not seen, and keep mean probabilities", () => {
  const timeline = parse(TWO_FACES);
  const span = spanOf(timeline);
  assert.deepEqual(span, { beginS: 0, endS: 2.5 });
  const [first] = mostSeenFaces(timeline, 4);
  assert.ok(first);
  const row = bins(timeline, first, span, 5);
  assert.deepEqual(row.map((bin) => bin && bin.values[1]), [0.9, 0.8, null, null, 0.7]);
  assert.deepEqual(seenRanges(row), [[0, 2], [4, 5]]);
  const coarse = bins(timeline, first, span, 2);
  assert.ok(Math.abs((coarse[0]?.values[1] ?? 0) - 0.85) < 1e-9);
  // Bins shorter than the interval: a reading lasts until the next one.
  const fine = bins(timeline, first, span, 50);
  assert.deepEqual(seenRanges(fine), [[0, 20], [40, 50]]);
});

test("stacked areas touch each other and fill the whole height", () => {
  const timeline = parse(TWO_FACES);
  const order = stackOrder(CLASSES);
  assert.deepEqual(order, ["happy", "neutral", "angry"]);
  const row = bins(timeline, timeline.faces[1]!, spanOf(timeline), 5);
  const paths = areas(row, CLASSES, order, { width: 100, height: 50 });
  assert.equal(paths.get("happy"), "M20 35L30 35L40 35L40 50L30 50L20 50Z");
  assert.ok(paths.get("angry")?.startsWith("M20 0L30 0L40 0"));
  assert.deepEqual(stackOrder(["x", "sad", "happy"]), ["happy", "sad", "x"]);
});

test("times and x positions convert to each other and stay within the chart", () => {
  const span = { beginS: 10, endS: 20 };
  assert.equal(timeToX(15, span, 200), 100);
  assert.equal(xToTime(100, span, 200), 15);
  assert.deepEqual([timeToX(-5, span, 200), timeToX(99, span, 200)], [0, 200]);
  assert.deepEqual([xToTime(-5, span, 200), xToTime(999, span, 200)], [10, 20]);
  assert.equal(xToTime(0, span, 0), 10);
});

test("ticks are round and few, for a second and for hours", () => {
  assert.deepEqual(ticks({ beginS: 0, endS: 1 }, 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks({ beginS: 7, endS: 61 }, 8), [10, 20, 30, 40, 50, 60]);
  assert.deepEqual(ticks({ beginS: 0, endS: 7200 }, 5), [0, 1800, 3600, 5400, 7200]);
});

test("people have the names that the user gave them, in the table too", () => {
  const timeline = parse(timelineFile([[face(1, 0.9)], [face(1, 0.7), face(2, 0.9)]]));
  const people = { "1": 'Ann "A" B.', "2": "=SUM(A1)" };
  assert.deepEqual([personLabel(people, 1), personLabel({}, 2)], ['Ann "A" B.', "Person 2"]);
  assert.deepEqual(formatCsv(timeline, people).split("\r\n"), [
    "begin_s,end_s,face_id,person,emotion,mean",
    '0.000,1.000,1,"Ann ""A"" B.",happy,0.8000',
    "0.500,1.000,2,'=SUM(A1),happy,0.9000",
    "",
  ]);
});

test("the read-out shows the chosen person, or else the first one who is seen", () => {
  const timeline = parse(timelineFile([[], [face(2, 0.9)], [face(1, 0.9)]]));
  assert.deepEqual([0, 1, 2].map((frame) => shownFace(timeline, frame, null)), [1, 2, 1]);
  assert.equal(shownFace(timeline, 1, 1), 1);
  assert.equal(shownFace(parse(timelineFile([[]])), 0, null), null);
  assert.deepEqual([0, 2.44, 59.96].map(formatTenths), ["0:00.0", "0:02.4", "1:00.0"]);
});

test("keys control the player, and those of the browser are left to it", () => {
  const press = (key: string, modifiers = {}) =>
    commandOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...modifiers });
  assert.deepEqual([" ", "ArrowLeft", "]", "?", "a"].map((key) => press(key)), ["toggle", "back", "next", "help", null]);
  assert.equal(press("ArrowLeft", { altKey: true }), null);
  // AltGr+8 on German keyboards.
  assert.equal(press("[", { ctrlKey: true, altKey: true }), "previous");
  assert.deepEqual([stopBefore([9, 2, 4], 4.01), stopAfter([9, 2, 4], 3.99), stopAfter([2], 2)], [2, 9, null]);
});
