/** A job, live from Firestore, or polled from the API when the listener fails. */
import { useEffect, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import { useCollection, useDocument } from "../firestore.ts";
import { type Job, type JobView, jobFromApi, jobFromDocuments, withWaits } from "./model.ts";

const POLL_MS = 4_000;
/** How often the API is asked what the stages of a running job wait for. */
const WAITS_POLL_MS = 15_000;
/** Polling starts when the listener has no value after this time. */
const LISTEN_TIMEOUT_MS = 3_000;

export interface JobState {
  /** Undefined while loading; null if the job does not exist or is not readable. */
  job: Job | null | undefined;
  /** Whether changes arrive through Firestore. */
  isLive: boolean;
}

export function useJob(id: string): JobState {
  const doc = useDocument(`jobs/${id}`);
  const exists = doc.value !== undefined && doc.value !== null;
  const stages = useCollection(exists ? `jobs/${id}/stages` : null);
  const loaded = doc.value === null || (exists && stages.value !== undefined);
  const timedOut = useTimedOut(!loaded);
  const offline = Boolean(doc.errorCode || stages.errorCode) || timedOut;
  const running = doc.value?.data.status === "running";
  // Browsers cannot read units, which know what they wait for.
  const polled = usePolledJob(id, offline || running, offline ? POLL_MS : WAITS_POLL_MS);

  // Waits for the stages, so that the job is not rendered twice.
  if (loaded) {
    const stageDocuments = (stages.value ?? []).map((row) => row.data);
    const streamed = doc.value ? jobFromDocuments(id, doc.value.data, stageDocuments) : null;
    return offline
      ? { job: polled ?? streamed, isLive: false }
      : { job: streamed && withWaits(streamed, polled), isLive: true };
  }
  return { job: polled, isLive: !offline };
}

/** Whether `waiting` has lasted longer than the timeout. */
function useTimedOut(waiting: boolean): boolean {
  const [timedOut, setTimedOut] = useState(false);
  useEffect(() => {
    setTimedOut(false);
    if (!waiting) return;
    const timer = setTimeout(() => setTimedOut(true), LISTEN_TIMEOUT_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  return timedOut;
}

function usePolledJob(id: string, enabled: boolean, everyMs: number): Job | null | undefined {
  const [job, setJob] = useState<Job | null | undefined>(undefined);
  useEffect(() => {
    // An earlier polled value is older than what the listener has sent since.
    setJob(undefined);
    if (!enabled) return;
    let cancelled = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async (): Promise<void> => {
      try {
        const { data } = await get<JobView>(`/v1/jobs/${id}`);
        if (!cancelled) setJob(jobFromApi(data));
      } catch (error) {
        if (!cancelled && error instanceof Problem && error.status === 404) setJob(null);
      }
      if (!cancelled) timer = setTimeout(() => void poll(), everyMs);
    };
    void poll();
    return () => {
      cancelled = true;
      clearTimeout(timer);
    };
  }, [id, enabled, everyMs]);
  return job;
}

/** The current time in ms since the epoch, updated every second while `active`. */
export function useNow(active: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}
