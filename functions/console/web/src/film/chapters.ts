/** Parses the subset of WebVTT that the pipeline writes: chapters with one line of text. */

export interface Chapter {
  startS: number;
  endS: number;
  title: string;
}

const CUE = /^(\d+):(\d{2}):(\d{2}\.\d{3}) --> (\d+):(\d{2}):(\d{2}\.\d{3})/;
const ESCAPES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** The cues in order; other blocks are skipped. */
export function parseChapters(text: string): Chapter[] {
  const chapters: Chapter[] = [];
  for (const block of text.replaceAll("\r\n", "\n").split(/\n\n+/)) {
    const lines = block.split("\n");
    const cueLine = lines.findIndex((line) => CUE.test(line));
    const match = cueLine < 0 ? null : CUE.exec(lines[cueLine] as string);
    if (!match) continue;
    const [start, end] = [match.slice(1, 4), match.slice(4, 7)].map(toSeconds);
    const title = lines.slice(cueLine + 1).join(" ").trim();
    chapters.push({ startS: start as number, endS: end as number, title: unescapeText(title) });
  }
  return chapters;
}

/** Index of the chapter at a time; -1 if there is none. */
export function chapterAt(chapters: readonly Chapter[], timeS: number): number {
  // Players seek slightly before or after the requested time.
  return chapters.findLastIndex((chapter) => chapter.startS <= timeS + 0.02);
}

function toSeconds([hours, minutes, secondsText]: string[]): number {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(secondsText);
}

function unescapeText(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (entity) => ESCAPES[entity] as string);
}
