/** The aspect ratio of a job's video. */
import type { Job } from "./model.ts";

interface VideoFacts {
  media_info?: { video?: { width?: number; height?: number; rotation?: number } };
  /** Only a sound has it. */
  rate_hz?: number;
}

/** Whether an upload is a sound without a picture; false if unknown. */
export function isSound(job: Job, input: string): boolean {
  const facts = (job.facts.upload_trigger?.[input] ?? {}) as VideoFacts;
  return facts.rate_hz !== undefined;
}

/** Width over height as displayed; 16:9 if unknown. */
export function videoAspectRatio(job: Job, input = "video"): number {
  const facts = (job.facts.upload_trigger?.[input] ?? {}) as VideoFacts;
  const { width, height, rotation = 0 } = facts.media_info?.video ?? {};
  if (!width || !height) return 16 / 9;
  return Math.abs(rotation) % 180 === 90 ? height / width : width / height;
}
