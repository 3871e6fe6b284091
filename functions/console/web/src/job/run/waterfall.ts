/** Layout of the stages as bars on a common time axis. */
import type { Stage } from "../model.ts";

/** Start and length as fractions of the axis. */

export interface Bar {
  start: number;
  length: number;
}

export interface Row {
  stage: Stage;
  waited: Bar | null;
  worked: Bar | null;
  waitedS: number | null;
  workedS: number | null;
}

export interface Waterfall {
  rows: Row[];
  /** Length of the axis in seconds, without the pauses. */
  totalS: number;
  /** Total length in seconds of the pauses, in which no stage was queued or running. They are left out. */
  pausedS: number;
}

/** Shorter pauses are part of the axis: messages between stages take a moment. */
const MIN_PAUSE_MS = 10_000;

/** Shorter bars would be invisible. */
const MIN_BAR_LENGTH = 0.006;

/**
 * Returns one row per stage. Running stages end at `now` (ms). The times come from several machines, so
 * negative durations are clamped.
 */
export function waterfall(stages: readonly Stage[], now: number): Waterfall {
  const startTimes = stages.flatMap((stage) => stage.queued_at ?? stage.started_at ?? []);
  const startMs = Math.min(...startTimes, now);
  const endTimes = stages.flatMap((end) => endTimeOf(end, now) ?? []);
  const pauses = findPauses(stages, now);
  const elapsedMs = (time: number): number =>
    time - startMs - pauses.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(time, to) - from), 0);
  const totalMs = Math.max(1, ...endTimes.map(elapsedMs));
  const bar = (from: number, to: number): Bar => {
    const start = Math.min(1 - MIN_BAR_LENGTH, Math.max(0, elapsedMs(from) / totalMs));
    const length = (elapsedMs(to) - elapsedMs(from)) / totalMs;
    return { start, length: Math.min(1 - start, Math.max(MIN_BAR_LENGTH, length)) };
  };
  const rows = stages.map((stage): Row => {
    const end = endTimeOf(stage, now);
    const { queued_at: queued, started_at: started } = stage;
    const waitEnd = started ?? end;
    const waited = queued !== null && waitEnd !== null && waitEnd > queued;
    const worked = started !== null && end !== null;
    return {
      stage,
      waited: waited ? bar(queued, waitEnd) : null,
      worked: worked ? bar(started, end) : null,
      waitedS: queued === null || waitEnd === null ? null : Math.max(0, waitEnd - queued) / 1000,
      workedS: worked ? Math.max(0, end - started) / 1000 : null,
    };
  });
  const pausedMs = pauses.reduce((sum, [from, to]) => sum + to - from, 0);
  return { rows, totalS: totalMs / 1000, pausedS: pausedMs / 1000 };
}

/** The pauses between stages, such as a review by the user, as start and end in ms. */
function findPauses(stages: readonly Stage[], now: number): [number, number][] {
  const active = stages
    .flatMap((stage): [number, number][] => {
      const start = stage.queued_at ?? stage.started_at;
      const end = endTimeOf(stage, now);
      return start === null || end === null ? [] : [[Math.min(start, end), end]];
    })
    .sort(([a], [b]) => a - b);
  const pauses: [number, number][] = [];
  let activeUntil = active[0]?.[1] ?? 0;
  for (const [start, end] of active) {
    if (start - activeUntil >= MIN_PAUSE_MS) pauses.push([activeUntil, start]);
    activeUntil = Math.max(activeUntil, end);
  }
  return pauses;
}

/** End of a stage; `now` while it runs. */
function endTimeOf(stage: Stage, now: number): number | null {
  if (stage.finished_at !== null) return stage.finished_at;
  if (stage.state === "running" || stage.state === "queued") return now;
  return stage.started_at;
}

/** Whether a bar grows with time. */
export function isMoving(stages: readonly Stage[]): boolean {
  return stages.some((stage) => stage.state === "running" || stage.state === "queued");
}
