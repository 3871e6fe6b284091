/** Runs an action on many jobs, and reports the outcome of each. No DOM. */
import type { JobStatus } from "../contract.ts";

export type BulkAction = "cancel" | "redrive" | "delete";

/** The statuses of the jobs that an action can be done on; the others of a selection are left out. */
const STATUSES: Readonly<Record<Exclude<BulkAction, "delete">, readonly JobStatus[]>> = {
  cancel: ["queued", "running", "awaiting_review", "awaiting_upload"],
  redrive: ["failed"],
};

export const canDo = (action: BulkAction, { status }: { status: JobStatus }): boolean =>
  action === "delete" || STATUSES[action].includes(status);

export type Outcome = { state: "waiting" | "running" | "done" } | { state: "failed"; error: unknown };

const AT_ONCE = 4;
const MAX_TRIES = 4;
const MAX_WAIT_S = 60;

interface BulkRun {
  /** Does the action on one job. A rejection with status 429 is repeated after `retryAfterS`. */
  act: (id: string) => Promise<unknown>;
  onOutcome: (id: string, outcome: Outcome) => void;
  signal: AbortSignal;
  /** Ends early when the signal is aborted. */
  sleep?: (seconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Runs the action, four jobs at once. After an abort no further job is begun, and one that waits for the rate limit
 * is "waiting" again. Never rejects.
 */
export async function runBulk(ids: readonly string[], run: BulkRun): Promise<void> {
  const queue = [...ids];
  const work = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined && !run.signal.aborted; id = queue.shift()) {
      run.onOutcome(id, { state: "running" });
      run.onOutcome(id, await runOne(id, run));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
}

async function runOne(id: string, { act, signal, sleep = sleepS }: BulkRun): Promise<Outcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      await act(id);
      return { state: "done" };
    } catch (error) {
      const { status, retryAfterS = 0 } = error as { status?: number; retryAfterS?: number };
      const isLimited = status === 429 && retryAfterS > 0 && retryAfterS <= MAX_WAIT_S;
      if (!isLimited || attempt === MAX_TRIES) return { state: "failed", error };
      await sleep(retryAfterS, signal);
      if (signal.aborted) return { state: "waiting" };
    }
  }
}

const sleepS = (seconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal.addEventListener("abort", end);
  });
