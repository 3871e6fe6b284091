/** Reads and writes the subset of WebVTT that the pipeline writes: cues with lines of text. */

export interface Cue {
  startS: number;
  endS: number;
  lines: string[];
}

const TIMING = /^(?:(\d+):)?(\d{2}):(\d{2}\.\d{3})[ \t]+-->[ \t]+(?:(\d+):)?(\d{2}):(\d{2}\.\d{3})/;
const ESCAPES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** The cues in order; other blocks are skipped. */
export function parseCues(text: string): Cue[] {
  const cues: Cue[] = [];
  for (const block of text.replaceAll("\r\n", "\n").split(/\n\n+/)) {
    const lines = block.split("\n");
    const timing = lines.findIndex((line) => TIMING.test(line));
    const match = timing < 0 ? null : TIMING.exec(lines[timing] as string);
    if (!match) continue;
    const [start, end] = [match.slice(1, 4), match.slice(4, 7)].map(toSeconds);
    const content = lines.slice(timing + 1).map((line) => unescapeText(line.trim()));
    cues.push({ startS: start as number, endS: end as number, lines: content.filter(Boolean) });
  }
  return cues;
}

/** The cues as WebVTT. Cues without text are left out. */
export function formatVtt(cues: readonly Cue[]): string {
  const blocks = withText(cues).map(
    ({ startS, endS, lines }) => `${clock(startS, ".")} --> ${clock(endS, ".")}\n${lines.map(escapeText).join("\n")}`,
  );
  return `${["WEBVTT", ...blocks].join("\n\n")}\n`;
}

/** The cues as SubRip. */
export function formatSrt(cues: readonly Cue[]): string {
  const blocks = withText(cues).map(
    ({ startS, endS, lines }, index) => `${index + 1}\n${clock(startS, ",")} --> ${clock(endS, ",")}\n${lines.join("\n")}\n`,
  );
  return blocks.join("\n");
}

const withText = (cues: readonly Cue[]): Cue[] => cues.filter(({ lines }) => lines.some((line) => line.trim()));

/** `01:02:03.004`, with `mark` before the milliseconds. */
function clock(seconds: number, mark: string): string {
  const total = Math.round(seconds * 1000);
  const pad = (value: number, digits = 2): string => String(Math.floor(value)).padStart(digits, "0");
  return `${pad(total / 3_600_000)}:${pad((total / 60_000) % 60)}:${pad((total / 1000) % 60)}${mark}${pad(total % 1000, 3)}`;
}

function toSeconds([hours, minutes, seconds]: (string | undefined)[]): number {
  return Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function unescapeText(text: string): string {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ESCAPES[entity] as string);
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
