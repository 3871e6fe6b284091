/** The stages of a job as bars over one axis of time. */
import type { Stage } from "../model.ts";

/** Shares of the axis's length. */

export interface Bar {
  from: number;
  long: number;
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
  /** The length of the axis in seconds. */
  totalS: number;
}

/** Shorter ones could not be seen. */
const NARROWEST = 0.006;

/**
 * One row a stage. A stage that goes on lasts until `now` (ms); clocks of the machines that wrote
 * the times may differ, so nothing is ever shorter than nothing.
 */
export function waterfall(stages: readonly Stage[], now: number): Waterfall {
  const begins = stages.flatMap((one) => one.queued_at ?? one.started_at ?? []);
  const begin = Math.min(...begins, now);
  const ends = stages.flatMap((one) => endOf(one, now) ?? []);
  const long = Math.max(1, ...ends.map((one) => one - begin));
  const bar = (from: number, to: number): Bar => {
    const start = Math.min(1 - NARROWEST, Math.max(0, (from - begin) / long));
    return { from: start, long: Math.min(1 - start, Math.max(NARROWEST, (to - from) / long)) };
  };
  const rows = stages.map((stage): Row => {
    const end = endOf(stage, now);
    const { queued_at: queued, started_at: started } = stage;
    const until = started ?? end;
    const waited = queued !== null && until !== null && until > queued;
    const worked = started !== null && end !== null;
    return {
      stage,
      waited: waited ? bar(queued, until) : null,
      worked: worked ? bar(started, end) : null,
      waitedS: queued === null || until === null ? null : Math.max(0, until - queued) / 1000,
      workedS: worked ? Math.max(0, end - started) / 1000 : null,
    };
  });
  return { rows, totalS: long / 1000 };
}

/** When a stage ended or, while it goes on, now. */
function endOf(stage: Stage, now: number): number | null {
  if (stage.finished_at !== null) return stage.finished_at;
  if (stage.state === "running" || stage.state === "queued") return now;
  return stage.started_at;
}

/** Whether something on the axis moves by itself. */
export function moves(stages: readonly Stage[]): boolean {
  return stages.some((one) => one.state === "running" || one.state === "queued");
}
