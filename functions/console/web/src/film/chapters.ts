/** WebVTT as far as our own files use it: chapters, with a line of text each. */

export interface Chapter {
  startS: number;
  endS: number;
  title: string;
}

const CUE = /^(\d+):(\d{2}):(\d{2}\.\d{3}) --> (\d+):(\d{2}):(\d{2}\.\d{3})/;
const ESCAPES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** The cues in their order; what is no cue is passed over. */
export function parseChapters(text: string): Chapter[] {
  const found: Chapter[] = [];
  for (const block of text.replaceAll("\r\n", "\n").split(/\n\n+/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => CUE.test(line));
    const told = at < 0 ? null : CUE.exec(lines[at] as string);
    if (!told) continue;
    const [start, end] = [told.slice(1, 4), told.slice(4, 7)].map(seconds);
    const title = lines.slice(at + 1).join(" ").trim();
    found.push({ startS: start as number, endS: end as number, title: unescaped(title) });
  }
  return found;
}

/** The place of the chapter that is on at a time, -1 for none. */
export function chapterAt(chapters: readonly Chapter[], timeS: number): number {
  // Players stand a little before or behind the time that they were sent to.
  return chapters.findLastIndex((one) => one.startS <= timeS + 0.02);
}

function seconds([hours, minutes, rest]: string[]): number {
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (one) => ESCAPES[one] as string);
}
