/** A job out of the sample clip that the console ships. */
import { createJob } from "../new/create-job.ts";

export const SAMPLE_CLIP_PATH = "/sample.mp4";
const FILENAME = "Moodreel sample.mp4";

/** Fetches the sample clip. Throws Error. */
export async function fetchSampleClip(): Promise<File> {
  const response = await fetch(SAMPLE_CLIP_PATH);
  if (!response.ok) throw new Error("The sample clip could not be loaded. Try again in a moment.");
  return new File([await response.blob()], FILENAME, { type: "video/mp4" });
}

/** Creates a job of the recipe `frames` out of the sample clip. Returns its id. Throws Problem, Error. */
export async function createSampleJob(idempotencyKey: string): Promise<string> {
  const file = await fetchSampleClip();
  return createJob({
    recipe: "frames",
    title: "Sample: a day by the sea",
    options: {},
    files: [{ input: "video", file }],
    prompt: "",
    sourceText: "",
    idempotencyKey,
  });
}
