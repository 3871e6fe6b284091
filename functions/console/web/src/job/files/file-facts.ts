/** Facts about a job's files, from what upload_trigger and the stages found. No DOM. */
import { formatClock } from "../../format.ts";
import type { Input, Job } from "../model.ts";

/** The fields of upload_trigger's facts that this page reads; all but the first are of one kind of file. */
interface UploadFacts {
  media_info?: {
    container?: string;
    duration?: string | null;
    audio_codecs?: string[];
    video?: { codec?: string; width?: number; height?: number; rotation?: number; avg_rate?: string | null };
  };
  format?: string;
  width?: number;
  height?: number;
  codec?: string;
  rate_hz?: number;
  channels?: number;
  declared_duration_s?: number | null;
  characters?: number;
}

const factsOf = (job: Job, input: string): UploadFacts => (job.facts.upload_trigger?.[input] ?? {}) as UploadFacts;

/** The duration of the film, or else of the longest input, in seconds; null if unknown. */
export function durationOf(job: Job): number | null {
  const film = Number(job.facts.stitching?.duration_s ?? Number.NaN);
  if (film > 0) return film;
  const durations = job.inputs.flatMap(({ name }) => inputDurationS(factsOf(job, name)) ?? []);
  return durations.length ? Math.max(...durations) : null;
}

function inputDurationS(facts: UploadFacts): number | null {
  const seconds = facts.media_info?.duration ? parseFraction(facts.media_info.duration) : facts.declared_duration_s;
  return seconds && seconds > 0 ? seconds : null;
}

/** Such as ["1920 × 1080", "H264, AAC", "30 fps", "0:12"]; empty before the file was examined. */
export function inputFacts(job: Job, input: Input): string[] {
  const facts = factsOf(job, input.name);
  const video = facts.media_info?.video;
  const rate = video?.avg_rate ? parseFraction(video.avg_rate) : 0;
  const duration = inputDurationS(facts);
  const codecs = [video?.codec, ...(facts.media_info?.audio_codecs ?? []), facts.codec].filter(Boolean);
  return [
    pictureSize(video ?? facts),
    codecs.map((codec) => String(codec).toUpperCase()).join(", "),
    rate ? `${Math.round(rate * 100) / 100} fps` : "",
    facts.rate_hz ? `${facts.rate_hz / 1000} kHz` : "",
    facts.characters ? `${facts.characters.toLocaleString()} characters` : "",
    duration === null ? "" : formatClock(duration),
  ].filter(Boolean);
}

function pictureSize({ width, height, rotation = 0 }: { width?: number; height?: number; rotation?: number }): string {
  if (!width || !height) return "";
  return Math.abs(rotation) % 180 === 90 ? `${height} × ${width}` : `${width} × ${height}`;
}

/** The value of a text such as "30000/1001". */
function parseFraction(text: string): number {
  const [numerator, denominator = 1] = text.split("/").map(Number);
  return (numerator ?? Number.NaN) / denominator;
}
