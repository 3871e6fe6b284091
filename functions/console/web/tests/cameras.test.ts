import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_RECIPE, toRecipeFields, withCredentials } from "../src/cameras/recipe-choice.ts";
import { type Camera, type Recording, isCopying, isPlayable } from "../src/cameras/model.ts";
import { MultipartParser, boundaryOf } from "../src/cameras/multipart.ts";
import { cameraStatus, clipLabel, copyLabel, elapsedNow, pictureLabel, recordingNotes } from "../src/cameras/labels.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const text = (data: Uint8Array) => Buffer.from(data).toString("latin1");
const part = (body: string, length = true): string =>
  `Content-Type: image/jpeg\r\n${length ? `Content-Length: ${body.length}\r\n` : ""}\r\n${body}\r\n--p\r\n`;
/** A picture may contain the boundary. */
const BODIES = ["one", "two\r\n--p\r\n\r\ntwo", "", "four"];

test("the parser returns whole pictures wherever the stream is cut", () => {
  const stream = bytes(`--p\r\n${BODIES.map((body) => part(body)).join("")}`);
  for (let size = 1; size <= stream.length; size++) {
    const parser = new MultipartParser("p");
    const pictures: string[] = [];
    for (let start = 0; start < stream.length; start += size)
      pictures.push(...parser.push(stream.subarray(start, start + size)).map(text));
    assert.deepEqual(pictures, BODIES, `in pieces of ${size}`);
  }
});

test("a stream without Content-Length is split at its boundaries", () => {
  const pictures = new MultipartParser("p").push(bytes(`--p\r\n${part("one", false)}${part("two", false)}`));
  assert.deepEqual(pictures.map(text), ["one", "two"]);
});

test("a part that exceeds the buffer limit is rejected", () => {
  const parser = new MultipartParser("p");
  const chunk = new Uint8Array(3 << 20);
  parser.push(chunk);
  parser.push(chunk);
  assert.throws(() => parser.push(chunk), /no stream of pictures/);
});

test("a boundary is parsed with and without quotes, and only from its media type", () => {
  assert.equal(boundaryOf("multipart/x-mixed-replace; boundary=picture"), "picture");
  assert.equal(boundaryOf('Multipart/X-Mixed-Replace;boundary="a=b"'), "a=b");
  assert.equal(boundaryOf("image/jpeg"), null);
  assert.equal(boundaryOf("multipart/x-mixed-replace"), null);
});

test("credentials with any characters are encoded into an address", () => {
  const url = new URL(withCredentials(" rtsp://cam.test:8554/a?b=c ", "ann@home", "p:/#?é'"));
  assert.equal(decodeURIComponent(url.username), "ann@home");
  assert.equal(decodeURIComponent(url.password), "p:/#?é'");
  assert.equal(url.host, "cam.test:8554");
  assert.equal(url.search, "?b=c");
  assert.equal(withCredentials("rtsp://old:one@cam.test/", "new", "two"), "rtsp://new:two@cam.test/");
  assert.equal(withCredentials("rtsp://cam.test/", "", ""), "rtsp://cam.test/");
  assert.throws(() => withCredentials("cam.test", "ann", "x"), /Begin the address/);
});

test("consent is sent only for recipes that score faces", () => {
  const choice = { ...NO_RECIPE, consent: true, purpose: " research " };
  assert.deepEqual(toRecipeFields(choice), {});
  assert.deepEqual(toRecipeFields({ ...choice, recipe: "frames" }), { recipe: "frames", options: {} });
  assert.deepEqual(toRecipeFields({ ...choice, recipe: "recap" }), {
    recipe: "recap",
    options: { consent: true, purpose: "research" },
  });
  assert.deepEqual(toRecipeFields({ ...choice, recipe: "recap", consent: false }), { recipe: "recap", options: {} });
  assert.deepEqual(toRecipeFields({ ...choice, recipe: "emotions", consent: false }), {
    recipe: "emotions",
    options: { consent: false, purpose: "research" },
  });
});

const STATUS: Camera["status"] = {
  state: "connected", recording: true, recordings: ["r"], elapsed_s: 12.4, fps: 24.96, width: 1920, height: 1080,
  codec: "h264", size_bytes: 1, dropped_frames: 0, last_error: null, updated_at: null,
};
const RECORDING: Recording = {
  id: "r", title: "Door", camera: "c", state: "done", created_at: "", started_at: null, ended_at: null,
  ended_by: "stop", elapsed_s: 20, size_bytes: 5, fps: 25, dropped_frames: 0, recipe: null, job: null, error: null,
  clip: {
    duration_sec: 80.2, size_bytes: 10_234_871, fps: 25, width: 1920, height: 1080, codec: "h264",
    content_type: "video/mp4", plays_in: "all-browsers", gaps: [],
  },
  browser_copy: null, expires_at: "",
};

test("a camera shows its state and the known properties of its picture", () => {
  const camera = { status: STATUS } as Camera;
  assert.deepEqual(cameraStatus(camera), { label: "Connected", tone: "done" });
  assert.equal(pictureLabel(STATUS), "1920 × 1080 · 25 fps · h264");
  assert.equal(pictureLabel({ ...STATUS, width: null, fps: null, codec: null }), "");
});

test("a clip shows why it ended early and what is missing", () => {
  assert.deepEqual(recordingNotes(RECORDING), []);
  assert.equal(clipLabel(RECORDING), "1:20 · 10.2 MB · 1920 × 1080");
  assert.equal(clipLabel({ ...RECORDING, clip: null, size_bytes: 0 }), "0:20");
  const gaps = [{ start_s: 12, duration_s: 3 }, { start_s: 70, duration_s: 2 }];
  const interrupted = { ...RECORDING, ended_by: "source-lost", dropped_frames: 1, clip: { ...RECORDING.clip!, gaps } };
  assert.deepEqual(recordingNotes(interrupted), [
    "Ended because the camera was lost; what came before is there.",
    "5 s are missing, at 0:12, 1:10: the camera was away.",
    "1 frame was dropped.",
  ]);
});

test("a clip that no browser plays is played once its copy is done", () => {
  const mjpeg: Recording = { ...RECORDING, clip: { ...RECORDING.clip!, codec: "mjpeg", plays_in: "no-browser" } };
  const copy = { progress: 0.407, error: null, size_bytes: null, width: null, height: null } as const;
  const withCopy = (state: "waiting" | "running" | "done" | "failed"): Recording => ({
    ...mjpeg, browser_copy: { ...copy, state },
  });
  assert.equal(isPlayable(RECORDING), true);
  assert.equal(isPlayable(mjpeg), false);
  assert.equal(copyLabel(withCopy("waiting")), "A copy for browsers is waiting to be prepared.");
  assert.equal(copyLabel(withCopy("running")), "Preparing a copy for browsers … 40 %");
  for (const state of ["waiting", "running"] as const) assert.equal(isCopying(withCopy(state)), true);
  for (const state of ["waiting", "running", "failed"] as const) assert.equal(isPlayable(withCopy(state)), false);
  assert.equal(isPlayable(withCopy("done")), true);
  assert.equal(copyLabel(withCopy("done")), "");
});

test("the elapsed time is extrapolated between updates, by five seconds at most", () => {
  const updatedAt = "2026-11-26T12:00:00Z";
  const now = Date.parse(updatedAt);
  assert.equal(elapsedNow(10, updatedAt, now + 1500, true), 11.5);
  assert.equal(elapsedNow(10, updatedAt, now + 3_600_000, true), 15);
  assert.equal(elapsedNow(10, updatedAt, now - 3_600_000, true), 10);
  assert.equal(elapsedNow(10, updatedAt, now + 1500, false), 10);
  assert.equal(elapsedNow(10, null, now, true), 10);
});
