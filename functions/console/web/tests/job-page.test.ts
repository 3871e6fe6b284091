import assert from "node:assert/strict";
import { test } from "node:test";

import { durationOf, inputFacts } from "../src/job/files/file-facts.ts";
import { recipesForVideo, reuseLink, runAgainLink } from "../src/job/header/reuse.ts";
import { groupResults, inputLabel } from "../src/job/labels.ts";
import { type Artifact, type Input, type Job, type Stage, jobFromDocuments } from "../src/job/model.ts";
import { optionRows } from "../src/job/run/option-values.ts";
import { changeOf, draftOf } from "../src/job/settings/notes.ts";

const VIDEO: Input = { name: "video", filename: "a.mp4", content_type: "video/mp4", size_bytes: 9 };
const FACTS = {
  upload_trigger: {
    video: {
      media_info: {
        duration: "25/2", audio_codecs: ["aac"],
        video: { codec: "h264", width: 1080, height: 1920, rotation: 90, avg_rate: "30000/1001" },
      },
    },
  },
};

function jobWith(fields: Partial<Job>): Job {
  const job = jobFromDocuments("j1", { recipe: "emotions", title: "Sea", status: "done" }, []) as Job;
  return { ...job, inputs: [VIDEO], stages: [{ name: "upload_trigger", state: "done" } as Stage], ...fields };
}

test("a video can be used for every other recipe that needs nothing else", () => {
  assert.deepEqual(recipesForVideo(jobWith({})), ["frames", "recap", "captions"]);
  assert.equal(reuseLink(jobWith({}), "recap"), "/new?recipe=recap&source=j1");
  assert.equal(runAgainLink(jobWith({})), "/new?from=j1");
  const media = { ...VIDEO, name: "media" };
  assert.deepEqual(recipesForVideo(jobWith({ recipe: "captions", inputs: [media] })), ["frames", "emotions", "recap"]);
  const sound = { ...media, content_type: "audio/mpeg" };
  assert.deepEqual(recipesForVideo(jobWith({ recipe: "captions", inputs: [sound] })), []);
  assert.deepEqual(recipesForVideo(jobWith({ stages: [] })), []);
  assert.deepEqual(recipesForVideo(jobWith({ recipe: "presentation", inputs: [{ ...VIDEO, name: "prompt" }] })), []);
});

test("downloads begin with what people open, and end with data", () => {
  const artifact = (name: string, kind: string, content_type = "x/y"): Artifact => ({
    name, kind, content_type, size_bytes: 1, generation: 1,
  });
  const { primary, secondary } = groupResults([
    artifact("emotions.json", "timeline", "application/json"), artifact("m1.jpg", "moment"),
    artifact("frames.zip", "frames"), artifact("emotions.csv", "table"), artifact("timeline.png", "chart"), artifact("annotated.mp4", "annotated"),
  ]);
  assert.deepEqual(primary.map(({ name }) => name), ["annotated.mp4", "timeline.png", "emotions.csv"]);
  assert.deepEqual(secondary.map(({ name }) => name), ["emotions.json", "m1.jpg", "frames.zip"]);
  assert.equal(groupResults([artifact("frames.csv", "table"), artifact("frames.zip", "frames")]).primary[0]?.name, "frames.zip");
});

test("inputs show what was found in them, upright", () => {
  const job = jobWith({ facts: FACTS });
  assert.deepEqual(inputFacts(job, VIDEO), ["1920 × 1080", "H264, AAC", "29.97 fps", "0:12"]);
  assert.deepEqual(inputFacts(jobWith({}), VIDEO), []);
  assert.equal(durationOf(job), 12.5);
  assert.equal(durationOf({ ...job, facts: { ...FACTS, stitching: { duration_s: 40 } } }), 40);
  assert.equal(durationOf(jobWith({})), null);
  assert.deepEqual(["video", "picture2", "other"].map(inputLabel), ["Video", "Picture 2", "other"]);
});

test("settings are shown by value, with labels, unknown ones last", () => {
  const options = { zoom_level: 2, smooth: true, every: "1/5", consent: true, end: null };
  const rows = optionRows(jobWith({ options }));
  assert.deepEqual(rows.map(({ name }) => name), ["every", "smooth", "consent", "zoom_level"]);
  assert.deepEqual(rows.map(({ value }) => value), ["1/5", "Yes", "Yes", "2"]);
  assert.equal(rows[3]?.label, "Zoom level");
  const film = optionRows(jobWith({ recipe: "presentation", options: { stop_at: "film", speed: 1 } }));
  assert.deepEqual(film.map(({ value }) => value), ["No", "Natural"]);
});

test("only changed notes are sent, and removed keys as null", () => {
  const job = jobWith({ description: "Day one", tags: ["a", "b"], metadata: { order: "7", room: "2" } });
  const base = draftOf(job);
  assert.deepEqual(changeOf(base, base), {});
  assert.deepEqual(changeOf(base, { ...base, title: "  " }), {});
  const draft = { title: " Lake ", description: "", tags: "b, c,, b", metadata: [["order", "8"], [" ", "x"]] as const };
  assert.deepEqual(changeOf(base, draft), {
    title: "Lake", description: "", tags: ["b", "c"], metadata: { order: "8", room: null },
  });
});

test("notes that were not edited are not sent, whatever the job has by now", () => {
  const base = draftOf(jobWith({ description: "Day one", tags: ["a"], metadata: { order: "7", room: "2" } }));
  const edited = { ...base, tags: "a, b", metadata: [["order", "8"], ["room", "2"]] as const };
  assert.deepEqual(changeOf(base, edited), { tags: ["a", "b"], metadata: { order: "8" } });
  // Tags that the form cannot write are no change either.
  const odd = draftOf(jobWith({ tags: ["a, b"] }));
  assert.deepEqual(changeOf(odd, { ...odd, title: "Lake" }), { title: "Lake" });
});
