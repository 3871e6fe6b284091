/** Geometry of the timeline chart: bins, stacked areas, ticks. No DOM. */
import { EMOTIONS, UNCERTAIN_MARGIN } from "../../contract.ts";
import { type Face, type Timeline, argmax } from "../timeline.ts";


/** The time range of the chart, in seconds. */
export interface Span {
  beginS: number;
  endS: number;
}

export interface Size {
  width: number;
  height: number;
}

/** One bin of the chart: the mean probabilities of a face. */
export interface Bin {
  values: number[];
  /** Index of the class with the highest probability. */
  dominant: number;
  uncertain: boolean;
}

/** The classes in stacking order; unknown ones come last. */
export function stackOrder(classes: readonly string[]): string[] {
  const order: readonly string[] = EMOTIONS;
  return [...order.filter((name) => classes.includes(name)), ...classes.filter((name) => !order.includes(name))];
}

/** The time range that the frames cover. */
export function spanOf(timeline: Timeline): Span {
  const beginS = timeline.timesS[0] ?? 0;
  return { beginS, endS: (timeline.timesS.at(-1) ?? 0) + timeline.intervalS };
}

/** The at most `max` faces with the most frames, ordered by id. */
export function mostSeenFaces(timeline: Timeline, max: number): Face[] {
  return [...timeline.faces]
    .sort((a, b) => b.frames.length - a.frames.length || a.id - b.id)
    .slice(0, max)
    .sort((a, b) => a.id - b.id);
}

/**
 * Divides a span into `count` bins of equal length; null where the face was not seen. A reading covers
 * `intervalS` seconds.
 */
export function bins(timeline: Timeline, face: Face, span: Span, count: number): (Bin | null)[] {
  const classCount = timeline.classes.length;
  const binS = (span.endS - span.beginS) / count;
  const sums = Array.from({ length: count }, () => new Array<number>(classCount).fill(0));
  const counts = new Array<number>(count).fill(0);
  face.frames.forEach((frame, index) => {
    const row = face.values.slice(index * classCount, (index + 1) * classCount);
    if (row.some(Number.isNaN)) return;
    const timeS = timeline.timesS[frame] as number;
    const first = Math.floor((timeS - span.beginS) / binS + 1e-6);
    const last = Math.ceil((timeS + timeline.intervalS - span.beginS) / binS - 1e-6) - 1;
    for (let bin = Math.max(0, first); bin <= Math.min(count - 1, Math.max(first, last)); bin++) {
      counts[bin] = (counts[bin] as number) + 1;
      const sum = sums[bin] as number[];
      row.forEach((value, k) => {
        sum[k] = (sum[k] as number) + value;
      });
    }
  });
  return sums.map((sum, bin) => {
    const samples = counts[bin] as number;
    if (!samples) return null;
    const values = sum.map((value) => value / samples);
    const dominant = argmax(values);
    const [first = 0, second = 0] = [...values].sort((a, b) => b - a);
    return { values, dominant, uncertain: first - second < UNCERTAIN_MARGIN };
  });
}

/** Ranges of adjacent bins in which the face was seen: [first, end). */
export function seenRanges(row: readonly (Bin | null)[]): [number, number][] {
  const ranges: [number, number][] = [];
  row.forEach((bin, index) => {
    const last = ranges.at(-1);
    if (bin === null) return;
    if (last !== undefined && last[1] === index) last[1] = index + 1;
    else ranges.push([index, index + 1]);
  });
  return ranges;
}

/**
 * Returns the SVG path of each class's stacked area, in the order of `order`. A bin's areas add up to the full
 * height of `size`; bins that are null have none.
 */
export function areas(
  row: readonly (Bin | null)[], classes: readonly string[], order: readonly string[], size: Size,
): Map<string, string> {
  const binWidth = size.width / row.length;
  const paths = new Map(order.map((name) => [name, ""]));
  for (const [start, end] of seenRanges(row)) {
    let below = new Array<number>(end - start).fill(0);
    for (const name of order) {
      const classIndex = classes.indexOf(name);
      const above = below.map(
        (level, index) => Math.min(1, level + ((row[start + index] as Bin).values[classIndex] as number)),
      );
      const upper = edge(above, start, binWidth, size.height);
      const lower = edge(below, start, binWidth, size.height).reverse();
      const outline = [...upper, ...lower].map(([x, y]) => `${round(x)} ${round(y)}`);
      paths.set(name, `${paths.get(name)}M${outline.join("L")}Z`);
      below = above;
    }
  }
  return paths;
}

function edge(levels: number[], start: number, binWidth: number, height: number): [number, number][] {
  const points: [number, number][] = levels.map((level, index) => [
    (start + index + 0.5) * binWidth, height * (1 - level),
  ]);
  const [first, last] = [points[0] as [number, number], points.at(-1) as [number, number]];
  return [[start * binWidth, first[1]], ...points, [(start + levels.length) * binWidth, last[1]]];
}

/** The x position of a time, and the time of an x position; both clamped to the chart. */
export function timeToX(timeS: number, span: Span, width: number): number {
  const fraction = (timeS - span.beginS) / (span.endS - span.beginS || 1);
  return Math.min(1, Math.max(0, fraction)) * width;
}

export function xToTime(x: number, span: Span, width: number): number {
  const fraction = Math.min(1, Math.max(0, x / (width || 1)));
  return span.beginS + fraction * (span.endS - span.beginS);
}

const STEPS_S = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400,
];

/** Round times within a span, at most `max`. */
export function ticks(span: Span, max: number): number[] {
  const durationS = span.endS - span.beginS;
  const stepS = STEPS_S.find((candidateS) => durationS / candidateS <= max) ?? durationS;
  const times: number[] = [];
  for (let step = Math.ceil(span.beginS / stepS - 1e-9) || 0; step * stepS <= span.endS + 1e-9; step++)
    times.push(Math.round(step * stepS * 1000) / 1000);
  return times;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
