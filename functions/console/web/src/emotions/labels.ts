/** Text for readings. A score describes a picture, not a feeling. */
import { EMOTIONS } from "../contract.ts";
import { formatClock, formatDuration } from "../format.ts";
import { type Face, type Reading, type Timeline, argmax } from "./timeline.ts";

/** CSS class that sets the colour of an emotion. */
export function emotionClass(name: string): string {
  return (EMOTIONS as readonly string[]).includes(name) ? `emotion ${name}` : "emotion other";
}

export function seenLabel(seconds: number): string {
  return `seen for ${seconds < 10 ? `${Math.round(seconds * 10) / 10} s` : formatDuration(seconds)}`;
}

/** Longer lists cannot be followed by ear. */
const MAX_LISTED = 4;

/** "Ann: happy 82 %, Person 2: perhaps sad 41 %, and 3 more". */
export function readingsLabel(readings: readonly Reading[], nameOf: (faceId: number) => string): string {
  if (!readings.length) return "nobody is seen";
  const listed = readings.slice(0, MAX_LISTED);
  const others = readings.length - listed.length;
  const labels = listed.map((reading) => `${nameOf(reading.face_id)}: ${readingLabel(reading)}`);
  return [...labels, ...(others ? [`and ${others} more`] : [])].join(", ");
}

export function readingLabel({ dominant, confidence, uncertain }: Reading): string {
  if (dominant === null) return "too small to be scored";
  return `${uncertain ? "perhaps " : ""}${dominant} ${Math.round(confidence * 100)} %`;
}

/** `0:02.4` */
export function formatTenths(timeS: number): string {
  const tenths = Math.round(timeS * 10);
  return `${formatClock(Math.floor(tenths / 10))}.${tenths % 10}`;
}

/** A period in which a face shows one emotion, for the table. */
export interface Episode {
  faceId: number;
  beginS: number;
  endS: number;
  emotion: string;
  /** Mean probability. */
  mean: number;
}

/** All episodes by time. A gap starts a new episode. */
export function episodes(timeline: Timeline): Episode[] {
  return timeline.faces
    .flatMap((face) => episodesOf(timeline, face))
    .sort((a, b) => a.beginS - b.beginS || a.faceId - b.faceId);
}

function episodesOf(timeline: Timeline, face: Face): Episode[] {
  const classCount = timeline.classes.length;
  const episodes: (Episode & { sum: number; count: number })[] = [];
  face.frames.forEach((frame, index) => {
    const values = face.values.slice(index * classCount, (index + 1) * classCount);
    const bestIndex = argmax(values);
    if (bestIndex < 0) return;
    const beginS = timeline.timesS[frame] as number;
    const emotion = timeline.classes[bestIndex] as string;
    const value = values[bestIndex] as number;
    const last = episodes.at(-1);
    const continues = last && last.emotion === emotion && Math.abs(last.endS - beginS) < 1e-3;
    if (continues) {
      last.endS = beginS + timeline.intervalS;
      last.sum += value;
      last.count += 1;
    } else {
      const endS = beginS + timeline.intervalS;
      episodes.push({ faceId: face.id, beginS, endS, emotion, mean: 0, sum: value, count: 1 });
    }
  });
  return episodes.map(({ sum, count, ...episode }) => ({ ...episode, mean: sum / count }));
}
