/** Runs an action on many jobs, and tells what became of each. No DOM. */
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
  sleep?: (seconds: number) => Promise<void>;
}

/** Runs the action, four jobs at once. After an abort no further job is begun. Never rejects. */
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
      if (!isLimited || attempt === MAX_TRIES || signal.aborted) return { state: "failed", error };
      await sleep(retryAfterS);
    }
  }
}

const sleepS = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
