import assert from "node:assert/strict";
import { test } from "node:test";

import { formatSrt, formatVtt, parseCues } from "../src/film/cues.ts";
import { editsKey, loadEdits, removeEdits, saveEdits } from "../src/transcript/stored-edits.ts";
import { TranscriptParseError, captionLines, findLines, formatText, gapsOf, lineAt, parseTranscript, wordAt } from "../src/transcript/transcript.ts";

const VTT = `WEBVTT

00:00:01.000 --> 00:00:02.500
Tom & Jerry say:
a < b.

NOTE no cue

2
01:00:03.250 --> 01:00:04.000 align:start
Où est-il?
`;

const words = (...rows: [string, number, number][]) =>
  rows.map(([text, startS, endS]) => ({ text, startS, endS, confidence: 0.9 as number | null, speaker: "" }));
const WORDS = words(["One", 0, 0.4], ["two", 0.5, 1.02], ["three.", 1.05, 1.5], ["Four.", 3, 3.5]);
const CUES = [
  { startS: 0, endS: 1, lines: ["One two"] },
  { startS: 1, endS: 1.6, lines: ["three."] },
  { startS: 3, endS: 3.6, lines: ["Four."] },
];

test("cues are read with their lines, and written as they were", () => {
  const text = VTT.replace("Tom &", "Tom &amp;").replace("a <", "a &lt;");
  const cues = parseCues(text.replaceAll("\n", "\r\n"));
  assert.deepEqual(cues, [
    { startS: 1, endS: 2.5, lines: ["Tom & Jerry say:", "a < b."] },
    { startS: 3603.25, endS: 3604, lines: ["Où est-il?"] },
  ]);
  assert.deepEqual(parseCues(formatVtt(cues)), cues);
  assert.match(formatVtt(cues), /^WEBVTT\n\n00:00:01\.000 --> 00:00:02\.500\nTom &amp; Jerry say:\na &lt; b\.\n\n01:00:03\.250/);
  assert.equal(formatSrt(cues), "1\n00:00:01,000 --> 00:00:02,500\nTom & Jerry say:\na < b.\n\n2\n01:00:03,250 --> 01:00:04,000\nOù est-il?\n");
});

test("cues without text are not written, and times are rounded to milliseconds", () => {
  const cues = [{ startS: 0, endS: 1, lines: [" "] }, { startS: 59.9996, endS: 61, lines: ["Yes"] }];
  assert.equal(formatSrt(cues), "1\n00:01:00,000 --> 00:01:01,000\nYes\n");
  assert.equal(formatVtt([]), "WEBVTT\n");
  assert.deepEqual(parseCues("WEBVTT\n\n00:05.000 --> 00:06.000\nshort times"), [{ startS: 5, endS: 6, lines: ["short times"] }]);
});

test("each word is in the cue of its middle", () => {
  const lines = captionLines(CUES, WORDS, new Map());
  assert.deepEqual(lines.map((line) => line.words.map((word) => word.text)), [["One", "two"], ["three."], ["Four."]]);
  assert.deepEqual(captionLines(CUES.slice(1), WORDS, new Map()).map((line) => line.words.length), [1, 1]);
});

test("the spoken line and word follow the time", () => {
  const lines = captionLines(CUES, WORDS, new Map());
  assert.deepEqual([-1, 0, 0.99, 2, 3.1].map((timeS) => lineAt(lines, timeS)), [-1, 0, 1, 1, 2]);
  assert.deepEqual([0.1, 0.45, 0.5].map((timeS) => wordAt(lines[0]!, timeS)), [0, 0, 1]);
  assert.equal(wordAt(lines[1]!, 2), -1);
});

test("an edited line keeps the times of its words, or shares the cue's time", () => {
  const [same, other, removed] = captionLines(CUES, WORDS, new Map([[0, "Won too"], [1, "a\nbcd"], [2, ""]]));
  assert.deepEqual(same?.words.map(({ text, startS }) => [text, startS]), [["Won", 0], ["too", 0.5]]);
  assert.deepEqual(other?.lines, ["a", "bcd"]);
  assert.deepEqual(other?.words.map(({ startS, endS }) => [startS, endS].map((time) => Math.round(time * 100) / 100)), [[1, 1.15], [1.15, 1.6]]);
  assert.deepEqual([removed?.lines, removed?.words, removed?.isEdited], [[], [], true]);
});

test("words are separated as in the text of their line", () => {
  const gaps = (text: string, ...texts: string[]) => {
    const words = texts.map((word) => ({ text: word, startS: 0, endS: 1, confidence: null }));
    return gapsOf({ startS: 0, endS: 1, lines: text.split("|"), words, speaker: "", isEdited: false });
  };
  assert.deepEqual(gaps("One two|three.", "One", "two", "three."), ["", " ", " "]);
  assert.deepEqual(gaps("今日は|晴れ。", "今日", "は", "晴れ。"), ["", "", " "]);
  assert.deepEqual(gaps("- One", "One", "elsewhere"), ["- ", " "]);
});

test("search ignores case and diacritics, and crosses line breaks", () => {
  const cues = [{ startS: 0, endS: 1, lines: ["Où est", "le café?"] }, { startS: 1, endS: 2, lines: ["Hier."] }];
  const lines = captionLines(cues, [], new Map());
  assert.deepEqual(["ou EST le", "CAFÉ", "ier", "", "nothing"].map((text) => findLines(lines, text)), [[0], [0], [1], [0, 1], []]);
});

test("text has a line per sentence and names speakers when they change", () => {
  const line = (text: string, speaker = "") => ({ startS: 0, endS: 1, lines: [text], words: [], speaker, isEdited: false });
  assert.equal(formatText([line("This goes"), line("on."), line("Next.”"), line("End")]), "This goes on.\nNext.”\nEnd\n");
  assert.equal(formatText([line("Hello", "1"), line("there.", "1"), line("Hi.", "2")]), "1: Hello there.\n2: Hi.\n");
  assert.equal(formatText([]), "");
});

test("a transcript of another form is refused", () => {
  const file = { schema: "moodreel.transcript/1", language: "en", segments: [{ words: [{ text: "Hi.", start_s: 0, end_s: 1 }] }] };
  assert.deepEqual(parseTranscript(JSON.stringify(file)).words, [{ text: "Hi.", startS: 0, endS: 1, confidence: null, speaker: "" }]);
  for (const text of ["", "{", "[]", JSON.stringify({ ...file, schema: "moodreel.transcript/2" })])
    assert.throws(() => parseTranscript(text), TranscriptParseError);
});

function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
    clear: () => items.clear(),
  };
}

test("edits are stored per user, and removed when the user signs out", () => {
  const storage = memoryStorage();
  const [mine, theirs] = [editsKey("ann", "j", 7), editsKey("anna", "j", 7)];
  for (const key of [mine, theirs]) assert.ok(saveEdits(key, new Map([[3, "a\nb"]]), storage));
  assert.deepEqual(loadEdits(mine, storage), new Map([[3, "a\nb"]]));
  assert.equal(loadEdits(editsKey("ann", "j", 8), storage).size, 0);
  removeEdits("ann", storage);
  assert.deepEqual([loadEdits(mine, storage).size, loadEdits(theirs, storage).size], [0, 1]);
  storage.setItem(mine, "no JSON");
  assert.equal(loadEdits(mine, storage).size, 0);
});
