import assert from "node:assert/strict";
import { test } from "node:test";

import { fits, thumbnailOf } from "../src/jobs/filters.ts";
import { titleOf } from "../src/new/title.ts";
import { kindToRecord, nameOf, refusal } from "../src/new/camera.ts";
import { accept, missing, place, typeOf, without } from "../src/new/files.ts";
import { type Input, RECIPES, optionsOf, recipeOf } from "../src/new/recipes.ts";
import { inside, match } from "../src/routes.ts";
import { ago, bytes, clock, duration, sentence } from "../src/words.ts";

const input = (name: string, kind: string, more: Partial<Input> = {}): Input => ({
  name, names: [name], kinds: [kind], max_bytes: 1000, optional: false, ...more,
});
const VIDEO = [input("video", "video")];
const STILL = [input("picture", "image"), input("sound", "audio")];
const PRESENTATION = [
  input("music", "audio", { optional: true }),
  input("picture", "image", { optional: true, names: ["picture1", "picture2"] }),
];
const file = (name: string, type = "", size = 10, lastModified = 0) => ({ name, type, size, lastModified });

test("files find their inputs by what they are, also when the browser does not know", () => {
  const sorted = place(STILL, [file("song.flac"), file("photo.heic", "")]);
  assert.deepEqual(sorted.placed.map((one) => [one.for, one.file.name]), [["sound", "song.flac"], ["picture", "photo.heic"]]);
  assert.equal(typeOf(file("A.MKV", "application/octet-stream")), "video/x-matroska");
  assert.equal(typeOf(file("x.webm", "video/webm;codecs=vp8")), "video/webm");
});

test("several videos make several jobs, and two pictures of a still replace each other", () => {
  const videos = place(VIDEO, [file("a.mp4"), file("b.mp4"), file("c.mp4")]);
  assert.deepEqual([videos.placed.length, videos.further.length, videos.wrong.length], [1, 2, 0]);
  const photos = place(STILL, [file("a.png"), file("b.png")]);
  assert.deepEqual(photos.placed.map((one) => one.file.name), ["b.png"]);
});

test("the same video chosen twice makes one job, another one of the same name and size makes two", () => {
  const once = place(VIDEO, [file("a.mp4"), file("a.mp4")]);
  const again = place(VIDEO, [file("a.mp4"), file("a.mp4", "", 10, 7)], once);
  assert.deepEqual([once.further.length, again.placed.length, again.further.length], [0, 1, 1]);
});

test("when the first of several videos is taken away the next one moves up", () => {
  const [a, b, c] = [file("a.mp4"), file("b.mp4"), file("c.mp4")];
  const left = without(VIDEO, place(VIDEO, [a, b, c]), a);
  assert.deepEqual(left.placed, [{ for: "video", file: b }]);
  assert.deepEqual(left.further, [c]);
});

test("a sign-in leads to pages of ours alone, however browsers read the address", () => {
  const origin = "https://moodreel.test";
  for (const to of ["//evil.test", "/\\evil.test", "/\t/evil.test", "/.//evil.test", "https://evil.test/", "javascript:1", "/sign-in?to=/", "", null])
    assert.equal(inside(to, origin), "/", String(to));
  assert.equal(inside("/jobs/a/deck?x=1#y", origin), "/jobs/a/deck?x=1#y");
});

test("what is too large, empty, of another kind or one too many is named", () => {
  const { placed, wrong } = place(PRESENTATION, [
    file("a.png"), file("b.png"), file("c.png"), file("clip.mp4"), file("song.mp3", "", 2000), file("none.png", "", 0),
  ]);
  assert.deepEqual(placed.map((one) => one.for), ["picture1", "picture2"]);
  assert.match(wrong[0] ?? "", /c\.png is one too many/);
  assert.match(wrong[1] ?? "", /clip\.mp4 is not a sound or a picture/);
  assert.match(wrong[2] ?? "", /song\.mp3 has 2 kB; at most 1 kB/);
  assert.match(wrong[3] ?? "", /empty/);
});

test("only inputs that have to be there are missed", () => {
  assert.deepEqual(missing(PRESENTATION, []), []);
  assert.deepEqual(missing(STILL, [{ for: "sound" , file: null }]).map((one) => one.name), ["picture"]);
  assert.ok(accept(VIDEO).startsWith("video/*"));
});

test("only what was changed is told to the API, in its own words", () => {
  const presentation = recipeOf("presentation");
  assert.ok(presentation);
  assert.deepEqual(optionsOf(presentation, {}), {});
  assert.deepEqual(optionsOf(presentation, { slides: "5", stop_at: "true", motion: "true", theme: "midnight", tone: " " }), {
    slides: "5", stop_at: "deck", motion: "gentle",
  });
  const emotions = recipeOf("emotions");
  assert.ok(emotions);
  assert.deepEqual(optionsOf(emotions, { smooth: "false", mirror: "false", annotate: "true" }), { smooth: false, mirror: false, annotate: true });
});

test("every choice has a default among its choices", () => {
  for (const recipe of RECIPES) {
    for (const one of recipe.options) {
      if (one.kind === "choice") assert.ok(one.choices?.some(([name]) => name === one.first), `${recipe.name} ${one.name}`);
    }
  }
});

test("a presentation is called by its first words, cut where a word ends", () => {
  assert.equal(titleOf("  How leaves\twork\nand more"), "How leaves work");
  const long = titleOf("word ".repeat(40));
  assert.ok(long.length < 64 && long.endsWith("word …"), long);
});

test("a camera that cannot be had is explained", () => {
  assert.match(refusal({ name: "NotAllowedError" }), /Allow it/);
  assert.match(refusal(new Error("x")), /Try again/);
  assert.equal(kindToRecord(() => false), "");
  assert.equal(kindToRecord((one) => one.includes("webm")), "video/webm;codecs=vp9,opus");
  assert.equal(nameOf("video/webm;codecs=vp8", new Date(2026, 0, 2, 3, 4, 5)), "webcam 2026-01-02 03.04.05.webm");
});

test("addresses lead to their pages and to no others", () => {
  const patterns = [["/", "home"], ["/jobs/{id}", "job"], ["/jobs/{id}/deck", "deck"]] as const;
  assert.deepEqual(match(patterns, "/jobs/a%20b"), { page: "job", params: { id: "a b" } });
  assert.equal(match(patterns, "/jobs/a/deck/")?.page, "deck");
  assert.equal(match(patterns, "/")?.page, "home");
  assert.equal(match(patterns, "/jobs/"), null);
  assert.equal(match(patterns, "/jobs/%E0%A4%A"), null);
});

test("numbers are told as people say them", () => {
  assert.deepEqual([0, 999, 1000, 1_449_000, 999_999_999, 5e9].map(bytes), ["0 B", "999 B", "1 kB", "1.4 MB", "1 GB", "5 GB"]);
  assert.deepEqual([0.4, 59.6, 200, 3900].map(duration), ["0 s", "1 min", "3 min 20 s", "1 h 5 min"]);
  assert.deepEqual([7.9, 725, 3723].map(clock), ["0:07", "12:05", "1:02:03"]);
});

test("times are told from now", () => {
  const now = new Date("2026-11-26T12:00:00Z");
  const before = (seconds: number) => ago(new Date(now.getTime() - seconds * 1000), now, "en");
  assert.deepEqual([-5, 10, 90, 7200, 86400].map(before), ["just now", "just now", "2 minutes ago", "2 hours ago", "yesterday"]);
  assert.match(before(30 * 86400), /2026/);
});

test("who signs in wrongly does not learn whether there is an account", () => {
  const codes = ["wrong-password", "user-not-found", "invalid-credential", "unconfirmed", "user-disabled", "invalid-email"];
  assert.equal(new Set(codes.map((code) => sentence({ code: `auth/${code}` }))).size, 1);
  assert.equal(sentence({ code: "auth/brand-new" }), "The sign-in service refuses. Try again in a moment.");
  assert.equal(sentence(new Error("The job is done.")), "The job is done.");
});

test("a job shows under what it waits for, with its most telling picture", () => {
  assert.equal(fits({ status: "awaiting_review" }, "yours"), true);
  assert.equal(fits({ status: "running" }, "yours"), false);
  const picture = (kind: string) => ({ name: `${kind}.jpg`, kind, content_type: "image/jpeg", size_bytes: 1, generation: 1 });
  assert.equal(thumbnailOf({ artefacts: [picture("chart"), picture("moment"), picture("poster")] })?.kind, "poster");
  assert.equal(thumbnailOf({ artefacts: [{ ...picture("poster"), content_type: "video/mp4" }] }), undefined);
});
