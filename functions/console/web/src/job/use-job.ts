/** A job as it is now: listened to, or asked for again and again where nothing can be heard. */
import { useEffect, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import { useCollection, useDocument } from "../live.ts";
import { type Job, type JobView, jobOf, jobOfView } from "./model.ts";

const AGAIN_MS = 4_000;
/** Whoever cannot be heard of for so long is asked meanwhile. */
const PATIENCE_MS = 3_000;

export interface Seen {
  /** Undefined until something is known; null where there is no such job for this person. */
  job: Job | null | undefined;
  /** Whether changes are heard of at once. */
  live: boolean;
}

export function useJob(id: string): Seen {
  const doc = useDocument(`jobs/${id}`);
  const here = doc.value !== undefined && doc.value !== null;
  const stages = useCollection(here ? `jobs/${id}/stages` : null);
  const known = doc.value === null || (here && stages.value !== undefined);
  const late = useLate(!known);
  const lost = Boolean(doc.lost || stages.lost) || late;
  const polled = usePolled(id, lost);

  // Without its stages a job would be drawn once in part and then whole.
  if (known) {
    const told = (stages.value ?? []).map((row) => row.data);
    const heard = doc.value ? jobOf(id, doc.value.data, told) : null;
    return lost ? { job: polled ?? heard, live: false } : { job: heard, live: true };
  }
  return { job: polled, live: !lost };
}

/** Whether it has been waited for in vain. */
function useLate(waiting: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!waiting) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  return late;
}

function usePolled(id: string, wanted: boolean): Job | null | undefined {
  const [job, setJob] = useState<Job | null | undefined>(undefined);
  useEffect(() => {
    // What was answered while the line was lost before is older than what was heard since.
    setJob(undefined);
    if (!wanted) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      try {
        const { data } = await get<JobView>(`/v1/jobs/${id}`);
        if (!over) setJob(jobOfView(data));
      } catch (fault) {
        if (!over && fault instanceof Problem && fault.status === 404) setJob(null);
      }
      if (!over) timer = setTimeout(() => void look(), AGAIN_MS);
    };
    void look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [id, wanted]);
  return job;
}

/** The time, in ms since 1970, once a second while `moving`. */
export function useNow(moving: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (!moving) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [moving]);
  return now;
}
