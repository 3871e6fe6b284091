/**
 * emotions.json as it arrives: the file has a line a frame, so an hour of video is read without
 * ever standing in memory as text. Its fields: functions/emotion_scoring/README.md.
 */

/** One person: the readings in the order of time, side by side in flat arrays. */
export interface Face {
  id: number;
  /** The frame of each reading, an index into `Timeline.timesS`. */
  frames: number[];
  /** A row of `classes.length` probabilities a reading; NaN where the face was too small. */
  values: number[];
  /** x, y, width, height a reading, as shares of the picture. */
  boxes: number[];
  uncertain: boolean[];
}

/** A strongest moment, with the name of its picture among the job's results. */
export interface Strongest {
  time_s: number;
  begin_s: number;
  end_s: number;
  emotion: string;
  confidence: number;
  face_id: number;
  thumbnail: string;
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
  everyS: number;
  timesS: number[];
  faces: Face[];
  summary: Summary;
  moments: Strongest[];
  warnings: string[];
}

/** What the file says around its frames. */
interface Around {
  schema: string;
  note: string;
  classes: string[];
  options: { every?: string | number };
  warnings?: string[];
  summary: Summary;
  moments: Strongest[];
}

interface ToldFace {
  face_id: number;
  box: [number, number, number, number];
  uncertain: boolean;
  emotions: Record<string, number> | null;
}

interface ToldFrame {
  time_s: number;
  width: number;
  height: number;
  faces: ToldFace[];
}

export class TimelineDamaged extends Error {
  readonly code = "timeline-damaged";
  constructor() {
    super("The timeline cannot be read; download it again or begin a new job.");
  }
}

const SCHEMA = "moodreel.emotions/1";
const OPENS = '"frames": [';

/** Takes the file in pieces of text, wherever they are cut, and gives the timeline at the end. */
export class TimelineReader {
  private rest = "";
  private around = "";
  private place: "head" | "frames" | "tail" = "head";
  private classes: string[] = [];
  private readonly timesS: number[] = [];
  private readonly faces = new Map<number, Face>();

  push(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line);
  }

  /** Throws TimelineDamaged when this was no whole timeline. */
  end(): Timeline {
    if (this.rest) this.line(this.rest);
    if (this.place !== "tail") throw new TimelineDamaged();
    const told = parsed(this.around) as Around;
    if (told.schema !== SCHEMA) throw new TimelineDamaged();
    const faces = [...this.faces.values()].sort((one, other) => one.id - other.id);
    return {
      note: told.note,
      classes: told.classes,
      everyS: everyOf(told.options.every, this.timesS),
      timesS: this.timesS,
      faces,
      summary: told.summary,
      moments: told.moments,
      warnings: told.warnings ?? [],
    };
  }

  private line(line: string): void {
    if (this.place === "frames" && line.startsWith("  {")) {
      this.frame(parsed(line.replace(/,$/, "")) as ToldFrame);
      return;
    }
    if (this.place === "frames" && line.trim()) this.place = "tail";
    this.around += line;
    if (this.place === "head" && line.trimEnd().endsWith(OPENS)) {
      this.place = "frames";
      this.classes = (parsed(`${this.around}]}`) as Around).classes;
    }
  }

  private frame(told: ToldFrame): void {
    const number = this.timesS.push(told.time_s) - 1;
    for (const one of told.faces) {
      let face = this.faces.get(one.face_id);
      if (face === undefined) {
        face = { id: one.face_id, frames: [], values: [], boxes: [], uncertain: [] };
        this.faces.set(one.face_id, face);
      }
      face.frames.push(number);
      for (const name of this.classes) face.values.push(one.emotions?.[name] ?? Number.NaN);
      const [x, y, width, height] = one.box;
      face.boxes.push(
        x / told.width, y / told.height, width / told.width, height / told.height,
      );
      face.uncertain.push(one.uncertain);
    }
  }
}

/** The frame that is shown at a time: the last one that begins at or before it, -1 before all. */
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

/** Everybody who is seen in a frame. */
export function readingsAt(timeline: Timeline, frame: number): Reading[] {
  const found: Reading[] = [];
  const many = timeline.classes.length;
  for (const face of timeline.faces) {
    const place = frameAt(face.frames, frame);
    if (place < 0 || face.frames[place] !== frame) continue;
    const values = face.values.slice(place * many, (place + 1) * many);
    const best = strongest(values);
    found.push({
      face_id: face.id,
      values,
      box: face.boxes.slice(place * 4, place * 4 + 4),
      dominant: best < 0 ? null : (timeline.classes[best] as string),
      confidence: best < 0 ? 0 : (values[best] as number),
      uncertain: face.uncertain[place] as boolean,
    });
  }
  return found;
}

/** The place of the largest value, -1 where nothing was scored. */
export function strongest(values: readonly number[]): number {
  let best = -1;
  values.forEach((value, n) => {
    if (!Number.isNaN(value) && (best < 0 || value > (values[best] as number))) best = n;
  });
  return best;
}

/** For how long, in seconds, a face was seen. */
export function seenS(timeline: Timeline, face: Face): number {
  return face.frames.length * timeline.everyS;
}

function everyOf(told: string | number | undefined, timesS: readonly number[]): number {
  const [over, under] = String(told ?? "").split("/").map(Number);
  const exact = (over ?? Number.NaN) / (under ?? 1);
  if (exact > 0) return exact;
  return timesS.length > 1 ? (timesS[1] as number) - (timesS[0] as number) : 1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TimelineDamaged();
  }
}
