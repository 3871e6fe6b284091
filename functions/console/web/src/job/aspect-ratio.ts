/** The aspect ratio of a job's video. */
import type { Job } from "./model.ts";

interface VideoFacts {
  media_info?: { video?: { width?: number; height?: number; rotation?: number } | null };
}

/** Whether an upload has a picture; true if unknown. */
export function hasPicture(job: Job, input = "video"): boolean {
  const info = ((job.facts.upload_trigger?.[input] ?? {}) as VideoFacts).media_info;
  return !info || Boolean(info.video);
}

/** Width over height as displayed; 16:9 if unknown. */
export function videoAspectRatio(job: Job, input = "video"): number {
  const facts = (job.facts.upload_trigger?.[input] ?? {}) as VideoFacts;
  const { width, height, rotation = 0 } = facts.media_info?.video ?? {};
  if (!width || !height) return 16 / 9;
  return Math.abs(rotation) % 180 === 90 ? height / width : width / height;
}
