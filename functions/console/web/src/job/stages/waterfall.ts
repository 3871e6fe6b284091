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
  /** Length of the axis in seconds. */
  totalS: number;
}

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
  const totalMs = Math.max(1, ...endTimes.map((value) => value - startMs));
  const bar = (from: number, to: number): Bar => {
    const start = Math.min(1 - MIN_BAR_LENGTH, Math.max(0, (from - startMs) / totalMs));
    return { start, length: Math.min(1 - start, Math.max(MIN_BAR_LENGTH, (to - from) / totalMs)) };
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
  return { rows, totalS: totalMs / 1000 };
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
