/** The words of a transcript in the cues of its captions. Fields: functions/speech_recognition/README.md. */
import type { Cue } from "../film/cues.ts";

/** A word with its punctuation. `confidence` is null when the speech recognition states none. */
export interface Word {
  text: string;
  startS: number;
  endS: number;
  confidence: number | null;
}

/** A cue of the captions with its words. An edited cue has words without a confidence. */
export interface CaptionLine extends Cue {
  words: Word[];
  speaker: string;
  isEdited: boolean;
}

export class TranscriptParseError extends Error {
  readonly code = "transcript-damaged";
  constructor() {
    super("The transcript cannot be read; download it again or begin a new job.");
  }
}

interface TranscriptFile {
  schema: string;
  language: string;
  segments: {
    speaker?: string;
    words: { text: string; start_s: number; end_s: number; confidence?: number | null }[];
  }[];
}

const SCHEMA = "moodreel.transcript/1";

export interface Transcript {
  /** BCP 47 tag; empty if no words were recognized. */
  language: string;
  words: (Word & { speaker: string })[];
}

/** Parses transcript.json. Throws TranscriptParseError. */
export function parseTranscript(text: string): Transcript {
  try {
    const file = JSON.parse(text) as TranscriptFile;
    if (file.schema !== SCHEMA) throw new TranscriptParseError();
    const words = file.segments.flatMap(({ speaker = "", words }) =>
      words.map((word) => ({
        text: word.text, startS: word.start_s, endS: word.end_s, confidence: word.confidence ?? null, speaker,
      })),
    );
    return { language: file.language, words };
  } catch {
    throw new TranscriptParseError();
  }
}

/**
 * The cues with their words. `edits` has the new text of cues by index; an empty text removes the cue's words. Words of
 * an edited cue share its time by their lengths, unless their number is unchanged.
 */
export function captionLines(
  cues: readonly Cue[], words: Transcript["words"], edits: ReadonlyMap<number, string>,
): CaptionLine[] {
  let next = 0;
  return cues.map((cue, index) => {
    const own: Transcript["words"] = [];
    // A word belongs to the cue in which its middle lies, so that rounded times do not move it.
    while (next < words.length && middle(words[next] as Word) < cue.endS) {
      if (middle(words[next] as Word) >= cue.startS) own.push(words[next] as Transcript["words"][number]);
      next += 1;
    }
    const speaker = own[0]?.speaker ?? "";
    const edit = edits.get(index);
    if (edit === undefined) return { ...cue, words: own, speaker, isEdited: false };
    const lines = edit.split("\n").map((line) => line.trim()).filter(Boolean);
    return { ...cue, lines, words: retime(lines.join(" "), own, cue), speaker, isEdited: true };
  });
}

const middle = (word: Word): number => (word.startS + word.endS) / 2;

function retime(text: string, words: readonly Word[], cue: Cue): Word[] {
  const texts = text.split(/\s+/).filter(Boolean);
  if (texts.length === words.length)
    return texts.map((word, index) => ({ ...(words[index] as Word), text: word, confidence: null }));
  const total = texts.reduce((sum, word) => sum + word.length, 0);
  let before = 0;
  return texts.map((word) => {
    const at = (length: number): number => cue.startS + ((cue.endS - cue.startS) * length) / total;
    const startS = at(before);
    before += word.length;
    return { text: word, startS, endS: at(before), confidence: null };
  });
}

/**
 * What stands between the words of a line: an item per word, for what is before it. Some scripts have no spaces between
 * words, so the text of the line decides.
 */
export function gapsOf(line: CaptionLine): string[] {
  const text = line.lines.join(" ");
  let at = 0;
  return line.words.map((word, index) => {
    const found = text.indexOf(word.text, at);
    if (found < 0) return index ? " " : "";
    const gap = text.slice(at, found);
    at = found + word.text.length;
    return gap;
  });
}

/** Index of the last line that starts at or before a time; -1 before the first. */
export function lineAt(lines: readonly Cue[], timeS: number): number {
  return lastStarted(lines, timeS);
}

/** Index of the word that is spoken at a time; -1 between the cues and before the first word. */
export function wordAt(line: CaptionLine, timeS: number): number {
  return timeS < line.endS ? lastStarted(line.words, timeS) : -1;
}

function lastStarted(items: readonly { startS: number }[], timeS: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const half = (low + high) >> 1;
    // Players seek slightly before the requested time.
    if ((items[half] as { startS: number }).startS <= timeS + 0.02) low = half + 1;
    else high = half;
  }
  return low - 1;
}

/** Indices of the lines that contain a text, in any case and with or without diacritics. All lines for "". */
export function findLines(lines: readonly CaptionLine[], text: string): number[] {
  const wanted = fold(text);
  return lines.flatMap((line, index) => (fold(line.lines.join(" ")).includes(wanted) ? [index] : []));
}

const fold = (text: string): string =>
  text.normalize("NFD").replace(/\p{Diacritic}/gu, "").replace(/\s+/g, " ").trim().toLowerCase();

/** The transcript as text: a line per sentence or change of speaker. */
export function formatText(lines: readonly CaptionLine[]): string {
  let text = "";
  let speaker = "";
  for (const line of lines) {
    const content = line.lines.join(" ");
    if (!content) continue;
    const changed = line.speaker !== speaker;
    if (text) text += changed || /[.!?…。！？؟।]["”»’)]*\s*$/.test(text) ? "\n" : " ";
    if (changed && line.speaker) text += `${line.speaker}: `;
    speaker = line.speaker;
    text += content;
  }
  return text ? `${text}\n` : "";
}
