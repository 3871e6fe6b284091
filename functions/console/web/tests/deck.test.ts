import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type DeckView, addPictureTo, addSlide, chartFromText, chartToText, draftOf, estimateSpeechS, filmOptionsOf, isChanged, moveSlide,
  pictureLabel, removeSlide, toEditRequest, updateSlide, validateDraft,
} from "../src/deck/draft.ts";
import { recordEdit, redo, startHistory, undo } from "../src/deck/draft-history.ts";
import { draftKey, loadDraft, removeDrafts, storeDraft } from "../src/deck/stored-draft.ts";
import { chapterAt, parseChapters } from "../src/film/chapters.ts";

const VIEW: DeckView = {
  revision: 3, current: true, title: "Stones", language: "en", theme: "midnight", aspect: "16:9",
  resolution: "720p", pictures: [], added_pictures: {},
  slides: ["s1", "s2", "s3", "s4"].map((id) => ({
    id, heading: `Heading ${id}`, bullets: ["One", "Two"], notes: "Said.", layout: "bullets",
    picture: null, labels: [], number: "", chart: null, icons: [], alt: "", focus: null, picture_url: "/x",
  })),
};
const DRAFT = draftOf(VIEW);
const slideIds = (draft = DRAFT) => draft.slides.map((slide) => slide.id);

test("a draft sends only fields that the API accepts", () => {
  const sent = toEditRequest(DRAFT, filmOptionsOf({}), 3, true);
  assert.deepEqual(Object.keys(sent.deck).sort(), ["aspect", "language", "resolution", "slides", "theme", "title"]);
  assert.deepEqual(Object.keys(sent.deck.slides[0] ?? {}).sort(), [
    "alt", "bullets", "chart", "focus", "heading", "icons", "id", "labels", "layout", "notes", "number", "picture",
  ]);
  assert.deepEqual([sent.revision, sent.release, sent.options.voice], [3, true, null]);
});

test("slides move within the deck and not out of it", () => {
  assert.deepEqual(slideIds(moveSlide(DRAFT, "s2", -1)), ["s2", "s1", "s3", "s4"]);
  assert.deepEqual(slideIds(moveSlide(DRAFT, "s2", 1)), ["s1", "s3", "s2", "s4"]);
  assert.equal(moveSlide(DRAFT, "s1", -1), DRAFT);
  assert.equal(moveSlide(DRAFT, "s4", 1), DRAFT);
  assert.equal(moveSlide(DRAFT, "none", 1), DRAFT);
  assert.deepEqual(slideIds(), ["s1", "s2", "s3", "s4"]);
});

test("a new picture changes the layout only of a slide that had none", () => {
  const draft = updateSlide(DRAFT, "s2", { picture: "frame:1", layout: "quote", alt: "A boat" });
  const { slides } = addPictureTo(addPictureTo(draft, "s1", "added:x"), "s2", "added:x");
  assert.deepEqual(slides.slice(0, 3).map(({ picture, layout, alt }) => [picture, layout, alt]), [
    ["added:x", "picture", ""], ["added:x", "quote", ""], [null, "bullets", ""],
  ]);
});

test("a deck keeps three slides, and a new slide has an unused id", () => {
  const threeSlides = removeSlide(DRAFT, "s2");
  assert.deepEqual(slideIds(threeSlides), ["s1", "s3", "s4"]);
  assert.equal(removeSlide(threeSlides, "s1"), threeSlides);
  const extended = addSlide(DRAFT, "s2", ["new-5", "new-6"]);
  assert.deepEqual(slideIds(extended), ["s1", "s2", "new-7", "s3", "s4"]);
  const fullDeck = { ...DRAFT, slides: Array.from({ length: 40 }, (_, n) => ({ ...DRAFT.slides[0]!, id: `x${n}` })) };
  assert.equal(addSlide(fullDeck, "x1", []), fullDeck);
});

test("surrounding white space and empty bullets are neither changes nor sent", () => {
  const typed = updateSlide(DRAFT, "s1", { heading: " Heading s1 ", bullets: ["One", "Two", ""] });
  assert.equal(isChanged(typed, DRAFT), false);
  assert.deepEqual(toEditRequest(typed, filmOptionsOf({}), 3, false).deck, DRAFT);
  assert.equal(isChanged(updateSlide(DRAFT, "s1", { notes: "Else." }), DRAFT), true);
  assert.equal(isChanged(moveSlide(DRAFT, "s1", 1), DRAFT), true);
});

test("the numbers of a chart are edited as lines, and other lines are left out", () => {
  const chart = chartFromText("Coal: 36\nWind: 12.5\nunfinished\nSun:", null);
  assert.deepEqual(chart, {
    kind: "bar", unit: "", points: [{ label: "Coal", value: 36 }, { label: "Wind", value: 12.5 }],
  });
  assert.equal(chartToText(chart), "Coal: 36\nWind: 12.5");
  assert.equal(chartFromText("", { kind: "donut", unit: "%", points: [] }), null);
  const draft = updateSlide(DRAFT, "s2", { layout: "number", number: "many", labels: ["x".repeat(41)] });
  assert.deepEqual([...validateDraft(draft).keys()], ["slides[1].labels", "slides[1].number"]);
});

test("a draft is validated by field before it is sent", () => {
  assert.equal(validateDraft(DRAFT).size, 0);
  const draft = updateSlide(
    updateSlide({ ...DRAFT, title: "" }, "s2", { heading: " ", bullets: Array(7).fill("x") }),
    "s3", { notes: "x".repeat(5_001), bullets: ["y".repeat(241)] },
  );
  assert.deepEqual([...validateDraft(draft).keys()].sort(), [
    "slides[1].bullets", "slides[1].heading", "slides[2].bullets", "slides[2].notes", "title",
  ]);
  // Counts code points, as the API does: an emoji is one character.
  assert.equal(validateDraft({ ...DRAFT, title: "🪨".repeat(120) }).size, 0);
  const tooLong = { ...DRAFT, slides: Array.from({ length: 13 }, (_, n) => ({ ...DRAFT.slides[0]!, id: `x${n}`, notes: "x".repeat(4_999) })) };
  assert.deepEqual([...validateDraft(tooLong).keys()], ["slides"]);
});

test("the film options start with those of the job", () => {
  assert.deepEqual(filmOptionsOf({ voice: "en-US-A", speed: 1.2, transition: "fade", slides: 8 }), {
    voice: "en-US-A", speed: 1.2, transition: "fade", subtitles: "soft", motion: "none",
  });
});

test("picture references have readable labels", () => {
  assert.deepEqual(
    ["upload:picture2", "moment:1", "scene:3", "chart:mood", "drawn:abc"].map((text) => pictureLabel(text)),
    ["Your picture 2", "Strongest moment 1", "Scene 3", "How the mood moved", "A drawn picture"],
  );
});

test("a picture of a video is labelled by its time and emotion", () => {
  const sources = { moments: [{ time_s: 19.4, emotion: "happy" }], scenes: [{ time_s: 65 }] };
  assert.equal(pictureLabel("moment:1", sources), "Strongest moment 1: happy at 0:19");
  assert.equal(pictureLabel("scene:1", sources), "The video at 1:05");
  assert.equal(pictureLabel("moment:9", sources), "Strongest moment 9");
});

test("the duration of speech depends on word count and speed", () => {
  assert.equal(estimateSpeechS("one two three four five", 1), 2);
  assert.equal(estimateSpeechS("one two three four five", 2), 1);
  assert.equal(estimateSpeechS("  ", 1), 0);
});

test("chapters are parsed and their entities decoded", () => {
  const text = "WEBVTT\n\n00:00:00.000 --> 00:00:03.500\nA &lt;b&gt; &amp; c\n\n01:00:03.500 --> 01:00:09.000\nEnd\n";
  const chapters = parseChapters(text);
  assert.deepEqual(chapters, [
    { startS: 0, endS: 3.5, title: "A <b> & c" }, { startS: 3603.5, endS: 3609, title: "End" },
  ]);
  assert.deepEqual([0, 3, 3603.49, 9999].map((time) => chapterAt(chapters, time)), [0, 0, 1, 1]);
  assert.equal(chapterAt([], 5), -1);
  assert.deepEqual(parseChapters(text.replaceAll("\n", "\r\n")), chapters);
  assert.deepEqual(parseChapters("<html>"), []);
});

test("undo and redo step over what was typed at once", () => {
  const first = DRAFT;
  let history = startHistory(first);
  const typed = ["B", "Ba", "Bas"].map((heading) => updateSlide(first, first.slides[0]?.id ?? "", { heading }));
  typed.forEach((draft, index) => {
    history = recordEdit(history, draft, 10_000 + index * 100);
  });
  const removed = removeSlide(history.present, first.slides[1]?.id ?? "");
  history = recordEdit(history, removed, 10_400);
  assert.deepEqual(undo(history).present, typed[2]);
  assert.deepEqual(undo(undo(history)).present, first);
  const start = undo(undo(history));
  assert.equal(undo(start), start);
  assert.deepEqual(redo(redo(undo(undo(history)))).present, removed);
  // An edit after an undo drops what was undone.
  assert.deepEqual(recordEdit(undo(history), first, 99_999).future, []);
});

test("stored drafts belong to a user and a revision, and end with a sign-out", () => {
  const items = new Map<string, string>();
  const storage = {
    get length() { return items.size; },
    key: (index: number) => [...items.keys()][index] ?? null,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  storeDraft(draftKey("u", "j", 3), DRAFT, storage);
  storeDraft(draftKey("v", "j", 3), DRAFT, storage);
  assert.deepEqual(loadDraft(draftKey("u", "j", 3), storage), DRAFT);
  assert.equal(loadDraft(draftKey("u", "j", 4), storage), null);
  removeDrafts("u", storage);
  assert.deepEqual([...items.keys()], [draftKey("v", "j", 3)]);
  items.set(draftKey("v", "j", 3), "not JSON");
  assert.equal(loadDraft(draftKey("v", "j", 3), storage), null);
});
