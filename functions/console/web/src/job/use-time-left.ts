/** The estimated time left of a running job. */
import { useEffect, useState } from "preact/hooks";
import { type Job, progressOf } from "./model.ts";
import { type Sample, addSample, estimateTimeLeftS, roundTimeLeftS } from "./time-left.ts";

const UPDATE_MS = 2_000;

/** In seconds, rounded; null while the job does not run, and while there is no basis for an estimate. */
export function useTimeLeft(job: Job): number | null {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [now, setNow] = useState(Date.now());
  const progress = progressOf(job);
  const isRunning = job.status === "running";
  useEffect(() => {
    setSamples((last) => (isRunning ? addSample(last, { at: Date.now(), progress }) : []));
  }, [progress, isRunning]);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNow(Date.now()), UPDATE_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  const seconds = isRunning ? estimateTimeLeftS(samples, now) : null;
  return seconds === null ? null : roundTimeLeftS(seconds);
}
