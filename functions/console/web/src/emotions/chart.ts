/** The geometry of the timeline's chart: bins, stacked areas, ticks. Nothing here draws. */
import { type Face, type Timeline, strongest } from "./timeline.ts";

/** From pleasant to unpleasant, bottom to top, as in timeline.png. */

const STACKED = ["happy", "surprise", "neutral", "sad", "fear", "disgust", "angry"];
/** The two strongest lie closer than this where a verdict is uncertain (emotion_scoring). */
const UNCERTAIN_MARGIN = 0.15;

/** The part of a video that a chart shows, in seconds. */
export interface Span {
  beginS: number;
  endS: number;
}

export interface Size {
  width: number;
  height: number;
}

/** A stretch of a chart: the mean probabilities of one face, null where it was not seen. */
export interface Bin {
  values: number[];
  /** The strongest class, an index. */
  dominant: number;
  uncertain: boolean;
}

/** The classes in the order in which they are stacked; those of another model come last. */
export function stacked(classes: readonly string[]): string[] {
  const known = STACKED.filter((name) => classes.includes(name));
  return [...known, ...classes.filter((name) => !STACKED.includes(name))];
}

/** The whole video, as far as frames were taken of it. */
export function spanOf(timeline: Timeline): Span {
  const beginS = timeline.timesS[0] ?? 0;
  return { beginS, endS: (timeline.timesS.at(-1) ?? 0) + timeline.everyS };
}

/** Those who were seen longest, at most `most`, in the order of their numbers. */
export function longestSeen(timeline: Timeline, most: number): Face[] {
  return [...timeline.faces]
    .sort((one, other) => other.frames.length - one.frames.length || one.id - other.id)
    .slice(0, most)
    .sort((one, other) => one.id - other.id);
}

/** `count` bins of equal length over a span. A reading stands for `everyS` seconds. */
export function bins(timeline: Timeline, face: Face, span: Span, count: number): (Bin | null)[] {
  const many = timeline.classes.length;
  const wideS = (span.endS - span.beginS) / count;
  const sums = Array.from({ length: count }, () => new Array<number>(many).fill(0));
  const counts = new Array<number>(count).fill(0);
  face.frames.forEach((frame, place) => {
    const row = face.values.slice(place * many, (place + 1) * many);
    if (row.some(Number.isNaN)) return;
    const timeS = timeline.timesS[frame] as number;
    const first = Math.floor((timeS - span.beginS) / wideS + 1e-6);
    const last = Math.ceil((timeS + timeline.everyS - span.beginS) / wideS - 1e-6) - 1;
    for (let n = Math.max(0, first); n <= Math.min(count - 1, Math.max(first, last)); n++) {
      counts[n] = (counts[n] as number) + 1;
      const sum = sums[n] as number[];
      row.forEach((value, k) => {
        sum[k] = (sum[k] as number) + value;
      });
    }
  });
  return sums.map((sum, n) => {
    const among = counts[n] as number;
    if (!among) return null;
    const values = sum.map((one) => one / among);
    const dominant = strongest(values);
    const [first = 0, second = 0] = [...values].sort((one, other) => other - one);
    return { values, dominant, uncertain: first - second < UNCERTAIN_MARGIN };
  });
}

/** Neighbouring bins that were seen: [first, after the last). */
export function stretches(row: readonly (Bin | null)[]): [number, number][] {
  const found: [number, number][] = [];
  row.forEach((bin, n) => {
    const run = found.at(-1);
    if (bin === null) return;
    if (run !== undefined && run[1] === n) run[1] = n + 1;
    else found.push([n, n + 1]);
  });
  return found;
}

/**
 * For each class in the order of `order` the outline of its area, as an SVG path. The areas of a
 * bin are as high as `size` together; where nobody was seen there is nothing.
 */
export function areas(
  row: readonly (Bin | null)[], classes: readonly string[], order: readonly string[], size: Size,
): Map<string, string> {
  const wide = size.width / row.length;
  const paths = new Map(order.map((name) => [name, ""]));
  for (const [from, to] of stretches(row)) {
    let below = new Array<number>(to - from).fill(0);
    for (const name of order) {
      const place = classes.indexOf(name);
      const above = below.map(
        (level, n) => Math.min(1, level + ((row[from + n] as Bin).values[place] as number)),
      );
      const upper = edge(above, from, wide, size.height);
      const lower = edge(below, from, wide, size.height).reverse();
      const outline = [...upper, ...lower].map(([x, y]) => `${short(x)} ${short(y)}`);
      paths.set(name, `${paths.get(name)}M${outline.join("L")}Z`);
      below = above;
    }
  }
  return paths;
}

function edge(levels: number[], from: number, wide: number, height: number): [number, number][] {
  const points: [number, number][] = levels.map((level, n) => [
    (from + n + 0.5) * wide, height * (1 - level),
  ]);
  const [first, last] = [points[0] as [number, number], points.at(-1) as [number, number]];
  return [[from * wide, first[1]], ...points, [(from + levels.length) * wide, last[1]]];
}

/** Where a time lies, and the time at a place; both kept within the chart. */
export function xOf(timeS: number, span: Span, width: number): number {
  const share = (timeS - span.beginS) / (span.endS - span.beginS || 1);
  return Math.min(1, Math.max(0, share)) * width;
}

export function timeAt(x: number, span: Span, width: number): number {
  const share = Math.min(1, Math.max(0, x / (width || 1)));
  return span.beginS + share * (span.endS - span.beginS);
}

const STEPS_S = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400,
];

/** Round times within a span, at most `most` of them. */
export function ticks(span: Span, most: number): number[] {
  const longS = span.endS - span.beginS;
  const step = STEPS_S.find((one) => longS / one <= most) ?? longS;
  const found: number[] = [];
  for (let n = Math.ceil(span.beginS / step - 1e-9) || 0; n * step <= span.endS + 1e-9; n++)
    found.push(Math.round(n * step * 1000) / 1000);
  return found;
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
