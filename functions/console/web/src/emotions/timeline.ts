/**
 * Streaming parser for emotions.json, which has one line per frame: an hour of video is never in memory as
 * text. Fields: functions/emotion_scoring/README.md.
 */

/** One face: its readings by time, in parallel flat arrays. */
export interface Face {
  id: number;
  /** The frame index of each reading, into `Timeline.timesS`. */
  frames: number[];
  /** `classes.length` probabilities per reading; NaN where the face was too small to score. */
  values: number[];
  /** x, y, width and height per reading, as fractions of the frame. */
  boxes: number[];
  uncertain: boolean[];
}

/** A strongest moment; `thumbnail` is the name of its artifact. */
export interface StrongestMoment {
  time_s: number;
  begin_s: number;
  end_s: number;
  emotion: string;
  confidence: number;
  face_id: number;
  thumbnail: string;
  /** What is said then; null if nothing is, absent without a transcript. */
  sentence?: { number: number; begin_s: number; end_s: number; text: string } | null;
}

export interface Summary {
  frames: number;
  frames_without_face: number;
  faces: number;
  most_faces_at_once: number;
  scored_s: number;
  uncertain_share: number;
  share: Record<string, number>;
}

export interface Timeline {
  note: string;
  classes: string[];
  intervalS: number;
  timesS: number[];
  faces: Face[];
  summary: Summary;
  moments: StrongestMoment[];
  warnings: string[];
}

/** The fields before and after the frames. */
interface TimelineHeader {
  schema: string;
  note: string;
  classes: string[];
  options: { every?: string | number };
  warnings?: string[];
  summary: Summary;
  moments: StrongestMoment[];
}

interface FaceRecord {
  face_id: number;
  box: [number, number, number, number];
  uncertain: boolean;
  emotions: Record<string, number> | null;
}

interface FrameRecord {
  time_s: number;
  width: number;
  height: number;
  faces: FaceRecord[];
}

export class TimelineParseError extends Error {
  readonly code = "timeline-damaged";
  constructor() {
    super("The timeline cannot be read; download it again or begin a new job.");
  }
}

const SCHEMA = "moodreel.emotions/1";
const FRAMES_START = '"frames": [';

/** Accepts the file in chunks of any size and returns the timeline at the end. */
export class TimelineReader {
  private pendingLine = "";
  private header = "";
  private section: "head" | "frames" | "tail" = "head";
  private classes: string[] = [];
  private readonly timesS: number[] = [];
  private readonly faces = new Map<number, Face>();

  push(text: string): void {
    const lines = (this.pendingLine + text).split("\n");
    this.pendingLine = lines.pop() ?? "";
    for (const line of lines) this.readLine(line);
  }

  /** Throws TimelineParseError if the file is incomplete or malformed. */
  end(): Timeline {
    if (this.pendingLine) this.readLine(this.pendingLine);
    if (this.section !== "tail") throw new TimelineParseError();
    const header = parseJson(this.header) as TimelineHeader;
    if (header.schema !== SCHEMA) throw new TimelineParseError();
    const faces = [...this.faces.values()].sort((a, b) => a.id - b.id);
    return {
      note: header.note,
      classes: header.classes,
      intervalS: intervalOf(header.options.every, this.timesS),
      timesS: this.timesS,
      faces,
      summary: header.summary,
      moments: header.moments,
      warnings: header.warnings ?? [],
    };
  }

  private readLine(line: string): void {
    if (this.section === "frames" && line.startsWith("  {")) {
      this.readFrame(parseJson(line.replace(/,$/, "")) as FrameRecord);
      return;
    }
    if (this.section === "frames" && line.trim()) this.section = "tail";
    this.header += line;
    if (this.section === "head" && line.trimEnd().endsWith(FRAMES_START)) {
      this.section = "frames";
      this.classes = (parseJson(`${this.header}]}`) as TimelineHeader).classes;
    }
  }

  private readFrame(record: FrameRecord): void {
    const frameIndex = this.timesS.push(record.time_s) - 1;
    for (const faceRecord of record.faces) {
      let face = this.faces.get(faceRecord.face_id);
      if (face === undefined) {
        face = { id: faceRecord.face_id, frames: [], values: [], boxes: [], uncertain: [] };
        this.faces.set(faceRecord.face_id, face);
      }
      face.frames.push(frameIndex);
      for (const name of this.classes) face.values.push(faceRecord.emotions?.[name] ?? Number.NaN);
      const [x, y, width, height] = faceRecord.box;
      face.boxes.push(
        x / record.width, y / record.height, width / record.width, height / record.height,
      );
      face.uncertain.push(faceRecord.uncertain);
    }
  }
}

/** Index of the frame shown at a time: the last one at or before it; -1 before the first. */
export function frameAt(timesS: readonly number[], time_s: number): number {
  let low = 0;
  let high = timesS.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timesS[middle] as number) <= time_s + 1e-6) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export interface Reading {
  face_id: number;
  values: number[];
  box: number[];
  dominant: string | null;
  confidence: number;
  uncertain: boolean;
}

/** The readings of all faces in a frame. */
export function readingsAt(timeline: Timeline, frame: number): Reading[] {
  const readings: Reading[] = [];
  const classCount = timeline.classes.length;
  for (const face of timeline.faces) {
    const index = frameAt(face.frames, frame);
    if (index < 0 || face.frames[index] !== frame) continue;
    const values = face.values.slice(index * classCount, (index + 1) * classCount);
    const bestIndex = argmax(values);
    readings.push({
      face_id: face.id,
      values,
      box: face.boxes.slice(index * 4, index * 4 + 4),
      dominant: bestIndex < 0 ? null : (timeline.classes[bestIndex] as string),
      confidence: bestIndex < 0 ? 0 : (values[bestIndex] as number),
      uncertain: face.uncertain[index] as boolean,
    });
  }
  return readings;
}

/** Index of the largest value; -1 if all are NaN. */
export function argmax(values: readonly number[]): number {
  let bestIndex = -1;
  values.forEach((value, n) => {
    if (!Number.isNaN(value) && (bestIndex < 0 || value > (values[bestIndex] as number))) bestIndex = n;
  });
  return bestIndex;
}

/** Total time in which a face was seen, in seconds. */
export function seenDurationS(timeline: Timeline, face: Face): number {
  return face.frames.length * timeline.intervalS;
}

function intervalOf(every: string | number | undefined, timesS: readonly number[]): number {
  const [numerator, denominator] = String(every ?? "").split("/").map(Number);
  const exact = (numerator ?? Number.NaN) / (denominator ?? 1);
  if (exact > 0) return exact;
  return timesS.length > 1 ? (timesS[1] as number) - (timesS[0] as number) : 1;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TimelineParseError();
  }
}
