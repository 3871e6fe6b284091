/** Links to new jobs with the settings or the video of a job. No DOM. */
import { RECIPES, type RecipeName } from "../../contract.ts";
import { isSound } from "../aspect-ratio.ts";
import type { Job } from "../model.ts";

/** The form of a new job with the settings and the files of this one. */
export const runAgainLink = ({ id }: Job): string => `/new?from=${id}`;

/** The form of a job of another recipe with the video of this one. */
export const reuseLink = ({ id }: Job, recipe: RecipeName): string => `/new?recipe=${recipe}&source=${id}`;

interface InputSpec {
  kinds: readonly string[];
  optional: boolean;
}

/** The other recipes that need nothing but a video; none if the job has no video. */
export function recipesForVideo(job: Job): RecipeName[] {
  if (!hasVideo(job)) return [];
  const names = Object.keys(RECIPES) as RecipeName[];
  return names.filter((name) => name !== job.recipe && needsOnlyVideo(Object.values(RECIPES[name].inputs)));
}

const needsOnlyVideo = (inputs: readonly InputSpec[]): boolean =>
  inputs.filter((input) => !input.optional).every((input) => input.kinds.includes("video"));

function hasVideo(job: Job): boolean {
  // Before, the upload may not be there, or be no video.
  if (job.stages.find((stage) => stage.name === "upload_trigger")?.state !== "done") return false;
  const recipes: Readonly<Record<string, { inputs: Readonly<Record<string, InputSpec>> }>> = RECIPES;
  const specs = recipes[job.recipe]?.inputs ?? {};
  return job.inputs.some(({ name, content_type }) => {
    const kinds = specs[name]?.kinds ?? [];
    return kinds.includes("video") && !content_type.startsWith("audio/") && !isSound(job, name);
  });
}
