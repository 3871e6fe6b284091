/** What is said of faces. A score is about a picture, never about what somebody feels. */
import { duration } from "../words.ts";
import { type Face, type Reading, type Timeline, strongest } from "./timeline.ts";

const KNOWN = ["happy", "surprise", "neutral", "sad", "fear", "disgust", "angry"];

/** The class that gives an emotion its colour. */
export function emotionClass(name: string): string {
  return KNOWN.includes(name) ? `emotion ${name}` : "emotion other";
}

export function seenWords(seconds: number): string {
  return `seen for ${seconds < 10 ? `${Math.round(seconds * 10) / 10} s` : duration(seconds)}`;
}

/** So many people are told of at once; nobody hears or reads a hall of them. */
const TOLD = 4;

/** Those who are told of, and how many are there beside them. */
export function toldOf(readings: readonly Reading[]): { told: readonly Reading[]; more: number } {
  return { told: readings.slice(0, TOLD), more: Math.max(0, readings.length - TOLD) };
}

/** "Person 1: happy 82 %, Person 2: perhaps sad 41 %, and 3 more". */
export function valueWords(readings: readonly Reading[]): string {
  if (!readings.length) return "nobody is seen";
  const { told, more } = toldOf(readings);
  const words = told.map((one) => `Person ${one.face_id}: ${readingWords(one)}`);
  return [...words, ...(more ? [`and ${more} more`] : [])].join(", ");
}

export function readingWords({ dominant, confidence, uncertain }: Reading): string {
  if (dominant === null) return "too small to be scored";
  return `${uncertain ? "perhaps " : ""}${dominant} ${Math.round(confidence * 100)} %`;
}

/** A stretch in which one face shows one emotion, for the table. */
export interface Episode {
  faceId: number;
  beginS: number;
  endS: number;
  emotion: string;
  /** The mean of its probability. */
  mean: number;
}

/** All episodes in the order of time. Seen again after a gap is another one. */
export function episodes(timeline: Timeline): Episode[] {
  return timeline.faces
    .flatMap((face) => episodesOf(timeline, face))
    .sort((one, other) => one.beginS - other.beginS || one.faceId - other.faceId);
}

function episodesOf(timeline: Timeline, face: Face): Episode[] {
  const many = timeline.classes.length;
  const found: (Episode & { sum: number; count: number })[] = [];
  face.frames.forEach((frame, place) => {
    const values = face.values.slice(place * many, (place + 1) * many);
    const best = strongest(values);
    if (best < 0) return;
    const beginS = timeline.timesS[frame] as number;
    const emotion = timeline.classes[best] as string;
    const value = values[best] as number;
    const last = found.at(-1);
    const goesOn = last && last.emotion === emotion && Math.abs(last.endS - beginS) < 1e-3;
    if (goesOn) {
      last.endS = beginS + timeline.everyS;
      last.sum += value;
      last.count += 1;
    } else {
      const endS = beginS + timeline.everyS;
      found.push({ faceId: face.id, beginS, endS, emotion, mean: 0, sum: value, count: 1 });
    }
  });
  return found.map(({ sum, count, ...one }) => ({ ...one, mean: sum / count }));
}
