/** A job out of the sample clip. */
import { createJob } from "../new/create-job.ts";
import { fetchSampleClip } from "../new/sample-clip.ts";

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
