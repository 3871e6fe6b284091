/** What the intake found in a job's video. */
import type { Job } from "./model.ts";

interface Examined {
  passport?: { video?: { width?: number; height?: number; rotation?: number } };
}

/** Width over height of the video as it is shown; 16:9 where nothing is known. */
export function shapeOfVideo(job: Job): number {
  const found = (job.facts.upload_trigger?.video ?? {}) as Examined;
  const { width, height, rotation = 0 } = found.passport?.video ?? {};
  if (!width || !height) return 16 / 9;
  return Math.abs(rotation) % 180 === 90 ? height / width : width / height;
}
