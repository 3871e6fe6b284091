import assert from "node:assert/strict";
import { test } from "node:test";

import { matchesFilter, thumbnailOf } from "../src/jobs/filters.ts";
import { titleFromPrompt } from "../src/new/title.ts";
import { cameraErrorMessage, recordingFilename, recordingType } from "../src/new/recording-type.ts";
import { assignFiles, missingInputs, removeFile, typeOf } from "../src/new/files.ts";
import { type Input, RECIPES, changedOptions, findRecipe, offeredOptions, scoresFaces } from "../src/new/recipes.ts";
import { NO_ERRORS, assignErrors, linkField, nameLinks } from "../src/new/form-errors.ts";
import { isLink, linkProblem, toLink } from "../src/new/links.ts";
import { fetchProgress, fetchText } from "../src/upload/fetch-state.ts";
import { matchRoute, safeRedirect } from "../src/routes.ts";
import { errorMessage, formatBytes, formatClock, formatDuration, formatTimeAgo } from "../src/format.ts";

const input = (name: string, kind: string, overrides: Partial<Input> = {}): Input => ({
  name, names: [name], kinds: [kind], max_bytes: 1000, optional: false, ...overrides,
});
const VIDEO = [input("video", "video")];
const STILL = [input("picture", "image"), input("sound", "audio")];
const PRESENTATION = [
  input("music", "audio", { optional: true }),
  input("picture", "image", { optional: true, names: ["picture1", "picture2"] }),
];
const file = (name: string, type = "", size = 10, lastModified = 0) => ({ name, type, size, lastModified });

test("files are assigned to inputs by type, even if the browser does not know the type", () => {
  const sorted = assignFiles(STILL, [file("song.flac"), file("photo.heic", "")]);
  assert.deepEqual(sorted.assigned.map((file) => [file.input, file.file.name]), [["sound", "song.flac"], ["picture", "photo.heic"]]);
  assert.equal(typeOf(file("A.MKV", "application/octet-stream")), "video/x-matroska");
  assert.equal(typeOf(file("x.webm", "video/webm;codecs=vp8")), "video/webm");
});

test("several videos make several jobs, and a second picture of a still replaces the first", () => {
  const videos = assignFiles(VIDEO, [file("a.mp4"), file("b.mp4"), file("c.mp4")]);
  assert.deepEqual([videos.assigned.length, videos.extra.length, videos.errors.length], [1, 2, 0]);
  const photos = assignFiles(STILL, [file("a.png"), file("b.png")]);
  assert.deepEqual(photos.assigned.map((file) => file.file.name), ["b.png"]);
});

test("the same video twice makes one job, another one with the same name and size makes two", () => {
  const once = assignFiles(VIDEO, [file("a.mp4"), file("a.mp4")]);
  const second = assignFiles(VIDEO, [file("a.mp4"), file("a.mp4", "", 10, 7)], once);
  assert.deepEqual([once.extra.length, second.assigned.length, second.extra.length], [0, 1, 1]);
});

test("removing the first of several videos moves the next one up", () => {
  const [a, b, c] = [file("a.mp4"), file("b.mp4"), file("c.mp4")];
  const remaining = removeFile(VIDEO, assignFiles(VIDEO, [a, b, c]), a);
  assert.deepEqual(remaining.assigned, [{ input: "video", file: b }]);
  assert.deepEqual(remaining.extra, [c]);
});

test("a sign-in redirects only to pages of this origin, however browsers parse the address", () => {
  const origin = "https://moodreel.test";
  for (const to of ["//evil.test", "/\\evil.test", "/\t/evil.test", "/.//evil.test", "https://evil.test/", "javascript:1", "/sign-in?to=/", "", null])
    assert.equal(safeRedirect(to, origin), "/", String(to));
  assert.equal(safeRedirect("/jobs/a/deck?x=1#y", origin), "/jobs/a/deck?x=1#y");
});

test("files that are too large, empty or one too many are named", () => {
  const { assigned, errors } = assignFiles(PRESENTATION, [
    file("a.png"), file("b.png"), file("c.png"), file("song.mp3", "", 2000), file("none.png", "", 0),
  ]);
  assert.deepEqual(assigned.map((file) => file.input), ["picture1", "picture2"]);
  assert.match(errors[0] ?? "", /c\.png is one too many/);
  assert.match(errors[1] ?? "", /song\.mp3 has 2 kB; at most 1 kB/);
  assert.match(errors[2] ?? "", /empty/);
});

test("no file is refused by its name or its type", () => {
  const videos = [
    file("a.gif", "image/gif"), file("a.webp", "image/webp"), file("00001.MTS", "model/vnd.mts"), file("a.m2t"), file("a.vob"),
    file("MOV1.MOD", "audio/x-mod"), file("noname"), file("a.ts", "text/vnd.trolltech.linguist"),
  ];
  for (const video of videos) {
    const { assigned, errors } = assignFiles(VIDEO, [video]);
    assert.deepEqual([assigned, errors], [[{ input: "video", file: video }], []], video.name);
    assert.match(typeOf(video), /^[a-z]+\/[a-z0-9.-]+$/);
  }
  const recap = [...VIDEO, input("music", "audio", { optional: true })];
  assert.equal(assignFiles(recap, [file("MOV1.MOD", "audio/x-mod")]).assigned[0]?.input, "video");
  for (const sound of [file("a.m4b", "audio/x-m4b"), file("a.webm", "video/webm"), file("a.mp4", "video/mp4"), file("a.xyz")]) {
    const { assigned, errors } = assignFiles(STILL, [file("photo.jpg"), sound]);
    assert.deepEqual([assigned.map((entry) => entry.input), errors], [["picture", "sound"], []], sound.name);
  }
});

test("a file for which no input is left replaces no other", () => {
  const chosen = [file("photo.jpg"), file("song.mp3")];
  const { assigned, errors } = assignFiles(STILL, [...chosen, file("notes.docx")]);
  assert.deepEqual(assigned.map((entry) => entry.file), chosen);
  assert.deepEqual(errors, ["notes.docx is one too many: all files are chosen."]);
});

test("only required inputs are reported as missing", () => {
  assert.deepEqual(missingInputs(PRESENTATION, []), []);
  assert.deepEqual(missingInputs(STILL, [{ input: "sound" , file: null }]).map((input) => input.name), ["picture"]);
});

test("only changed options are sent, with the API's values", () => {
  const presentation = findRecipe("presentation");
  assert.ok(presentation);
  assert.deepEqual(changedOptions(presentation.options, {}), {});
  assert.deepEqual(changedOptions(presentation.options, { slides: "5", stop_at: "true", motion: "true", theme: "midnight", tone: " " }), {
    slides: "5", stop_at: "deck", motion: "gentle",
  });
  const emotions = findRecipe("emotions");
  assert.ok(emotions);
  assert.deepEqual(changedOptions(emotions.options, { smooth: "false", mirror: "false", annotate: "true" }), { smooth: false, mirror: false, annotate: true });
});

test("a recap scores faces only with consent, and offers their options only then", () => {
  const recap = findRecipe("recap")!;
  const emotions = findRecipe("emotions")!;
  const names = (hasConsent: boolean) => offeredOptions(recap, hasConsent).map((option) => option.name);
  assert.deepEqual([scoresFaces(recap, false), scoresFaces(recap, true)], [false, true]);
  assert.ok(!names(false).includes("smooth") && names(true).includes("smooth"));
  assert.ok(names(false).includes("footage"));
  assert.ok(scoresFaces(emotions, false) && !scoresFaces(findRecipe("frames")!, true));
});

test("a recap shows the options of its frames under the advanced ones", () => {
  const advanced = findRecipe("recap")?.options.filter((option) => option.advanced).map((option) => option.name) ?? [];
  for (const name of ["every", "start", "end"]) assert.ok(advanced.includes(name), name);
});

test("the default of every choice is one of its choices", () => {
  for (const recipe of RECIPES) {
    for (const option of recipe.options) {
      if (option.kind === "choice") assert.ok(option.choices.some(([name]) => name === option.default), `${recipe.name} ${option.name}`);
    }
  }
});

test("every option of a form has its default and range from the contract", () => {
  const optionOf = (recipe: string, name: string) => findRecipe(recipe)?.options.find((option) => option.name === name);
  const slides = optionOf("presentation", "slides");
  assert.deepEqual([slides?.kind, slides?.default, slides?.min, slides?.max], ["number", "8", 3, 40]);
  assert.deepEqual(optionOf("presentation", "speed")?.choices.map(([value]) => value), ["0.85", "1", "1.15"]);
  assert.deepEqual([optionOf("recap", "motion")?.kind, optionOf("recap", "motion")?.default], ["switch", "false"]);
  // The form does not offer the encoding of frames that are only scored.
  assert.deepEqual([optionOf("frames", "quality")?.advanced, optionOf("emotions", "quality")], [true, undefined]);
});

test("the title of a presentation is the first words of its prompt", () => {
  assert.equal(titleFromPrompt("  How leaves\twork\nand more"), "How leaves work");
  assert.equal(titleFromPrompt("# Coffee\n\nIt is a seed."), "Coffee");
  const title = titleFromPrompt("word ".repeat(40));
  assert.ok(title.length < 64 && title.endsWith("word …"), title);
});

test("camera errors are explained, and the best supported media type is recorded", () => {
  assert.match(cameraErrorMessage({ name: "NotAllowedError" }), /Allow it/);
  assert.match(cameraErrorMessage(new Error("x")), /Try again/);
  assert.equal(recordingType(() => false), "");
  assert.equal(recordingType((text) => text.includes("webm")), "video/webm;codecs=vp9,opus");
  assert.equal(recordingFilename("video/webm;codecs=vp8", new Date(2026, 0, 2, 3, 4, 5)), "webcam 2026-01-02 03.04.05.webm");
});

test("paths match their pages and no others", () => {
  const patterns = [["/", "home"], ["/jobs/{id}", "job"], ["/jobs/{id}/deck", "deck"]] as const;
  assert.deepEqual(matchRoute(patterns, "/jobs/a%20b"), { page: "job", params: { id: "a b" } });
  assert.equal(matchRoute(patterns, "/jobs/a/deck/")?.page, "deck");
  assert.equal(matchRoute(patterns, "/")?.page, "home");
  assert.equal(matchRoute(patterns, "/jobs/"), null);
  assert.equal(matchRoute(patterns, "/jobs/%E0%A4%A"), null);
});

test("sizes, durations and times are formatted for people", () => {
  assert.deepEqual([0, 999, 1000, 1_449_000, 999_999_999, 5e9].map(formatBytes), ["0 B", "999 B", "1 kB", "1.4 MB", "1 GB", "5 GB"]);
  assert.deepEqual([0.4, 59.6, 200, 3900].map(formatDuration), ["0 s", "1 min", "3 min 20 s", "1 h 5 min"]);
  assert.deepEqual([7.9, 725, 3723].map(formatClock), ["0:07", "12:05", "1:02:03"]);
});

test("past times are shown relative to now", () => {
  const now = new Date("2026-11-26T12:00:00Z");
  const before = (seconds: number) => formatTimeAgo(new Date(now.getTime() - seconds * 1000), now, "en");
  assert.deepEqual([-5, 10, 90, 7200, 86400].map(before), ["just now", "just now", "2 minutes ago", "2 hours ago", "yesterday"]);
  assert.match(before(30 * 86400), /2026/);
});

test("too many sign-ins, an outage and a used link each get a sentence", () => {
  const messages = ["too-many-requests", "network-request-failed", "expired-action-code", "invalid-action-code"].map((code) =>
    errorMessage({ code: `auth/${code}` }),
  );
  assert.deepEqual(messages, [
    "Those were too many attempts. Wait some minutes, or choose a new password.",
    "Moodreel cannot be reached. Look at your connection, then try again.",
    "This link is too old. Ask for a new letter.",
    "This link was used already, or a newer letter has taken its place.",
  ]);
});

test("a failed sign-in does not reveal whether an account exists", () => {
  const codes = ["wrong-password", "user-not-found", "invalid-credential", "unconfirmed", "user-disabled", "invalid-email"];
  assert.equal(new Set(codes.map((code) => errorMessage({ code: `auth/${code}` }))).size, 1);
  assert.equal(errorMessage({ code: "auth/brand-new" }), "The sign-in service refuses. Try again in a moment.");
  assert.equal(errorMessage(new Error("The job is done.")), "The job is done.");
});

test("jobs are filtered by status, and the best picture becomes the thumbnail", () => {
  assert.equal(matchesFilter({ status: "awaiting_review" }, "action-required"), true);
  assert.equal(matchesFilter({ status: "running" }, "action-required"), false);
  assert.equal(matchesFilter({ status: "queued" }, "running"), true);
  const picture = (kind: string) => ({ name: `${kind}.jpg`, kind, content_type: "image/jpeg", size_bytes: 1, generation: 1 });
  assert.equal(thumbnailOf({ artifacts: [picture("chart"), picture("moment"), picture("poster")] })?.kind, "poster");
  assert.equal(thumbnailOf({ artifacts: [{ ...picture("poster"), content_type: "video/mp4" }] }), undefined);
});

test("errors of the API are shown at their fields, and the others below the form", () => {
  const shown = ["inputs", "options.every", "title"];
  const refused = {
    "options.every": "At least 0.04 s.",
    "inputs.video.size_bytes": "At most 5 GB.",
    "inputs.video.filename": "At most 200 characters.",
    "options.nobody": "There is no such option.",
  };
  assert.deepEqual(assignErrors(refused, shown, "4 fields cannot be used."), {
    "options.every": "At least 0.04 s.",
    inputs: "At most 5 GB. At most 200 characters.",
    "": "There is no such option.",
  });
  assert.deepEqual(assignErrors({ title: "Too long." }, shown, "One field cannot be used."), { title: "Too long." });
  assert.deepEqual(assignErrors({}, shown, "Moodreel cannot be reached."), { "": "Moodreel cannot be reached." });
  assert.deepEqual(assignErrors({ "inputs.prompt": "Too long." }, shown, ""), { "": "Too long." });
  assert.deepEqual(NO_ERRORS, {});
});

test("a link is a file of unknown size, assigned by the extension in its path", () => {
  const link = toLink(" https://files.example.org/a/My%20song.flac?signature=x ");
  const sorted = assignFiles(STILL, [toLink("https://example.org/photo.heic"), link]);
  assert.deepEqual(sorted.assigned.map((entry) => [entry.input, entry.file.name]), [["picture", "photo.heic"], ["sound", "My song.flac"]]);
  assert.deepEqual([isLink(link), isLink(file("a.mp4"))], [true, false]);
  assert.equal(toLink("https://example.org/").name, "example.org");
  assert.equal(toLink("https://example.org/%E0%A4%A").name, "%E0%A4%A");
  const twice = assignFiles(VIDEO, [toLink("https://a.example/v"), toLink("https://a.example/v"), toLink("https://b.example/v")]);
  assert.deepEqual([twice.assigned.length, twice.extra.length], [1, 1]);
});

test("texts that are no links of files are explained", () => {
  assert.equal(linkProblem("https://example.org/clip.mp4"), "");
  assert.match(linkProblem("clip.mp4"), /whole link/);
  assert.match(linkProblem("ftp://example.org/clip.mp4"), /https:/);
  assert.match(linkProblem("javascript:alert(1)"), /https:/);
  assert.match(linkProblem("https://anna:secret@example.org/clip.mp4"), /password/);
});

test("a refused link is named by its URL, in whichever job it is", () => {
  const link = toLink("https://example.org:99/clip.mp4");
  const named = nameLinks({ "inputs.video.url": "Not this port.", title: "Too long." }, [{ input: "video", file: link }]);
  assert.deepEqual(assignErrors(named, [linkField(link), "title"], ""), {
    [linkField(link)]: "Not this port.",
    title: "Too long.",
  });
});

test("a fetch shows what has arrived, and waits while it does not", () => {
  const fetch = { input: "video", host: "example.org", filename: "a.mp4", state: "waiting", fetched_bytes: 0, total_bytes: null };
  assert.deepEqual([fetchProgress(fetch), fetchText(fetch)], [null, "Next in line"]);
  const half = { ...fetch, state: "fetching", fetched_bytes: 2_000_000, total_bytes: 4_000_000 };
  assert.deepEqual([fetchProgress(half), fetchText(half)], [0.5, "2 MB of 4 MB"]);
  assert.equal(fetchText({ ...half, state: "waiting" }), "2 MB of 4 MB · waiting for example.org");
  assert.equal(fetchText({ ...half, state: "done", fetched_bytes: 4_000_000 }), "4 MB, complete");
  assert.deepEqual([fetchProgress({ ...half, state: "done" }), fetchText({ ...half, state: "failed" })], [1, "It could not be fetched."]);
});
