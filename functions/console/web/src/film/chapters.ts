/** The chapters of a film. */
import { parseCues } from "./cues.ts";

export interface Chapter {
  startS: number;
  endS: number;
  title: string;
}

/** The chapters of a WebVTT file, in order. */
export function parseChapters(text: string): Chapter[] {
  return parseCues(text).map(({ startS, endS, lines }) => ({ startS, endS, title: lines.join(" ") }));
}

/** Index of the chapter at a time; -1 if there is none. */
export function chapterAt(chapters: readonly Chapter[], timeS: number): number {
  // Players seek slightly before or after the requested time.
  return chapters.findLastIndex((chapter) => chapter.startS <= timeS + 0.02);
}
