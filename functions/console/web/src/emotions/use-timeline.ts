import { useEffect, useState } from "preact/hooks";
import { resultLink } from "../job/links.ts";
import type { Artifact } from "../job/model.ts";
import { type Timeline, TimelineReader } from "./timeline.ts";

export interface TimelineState {
  timeline: Timeline | null;
  /** Fraction of the file received, 0 to 1. */
  fraction: number;
  error: unknown;
}

/** Downloads and parses a job's emotions.json, with progress. */
export function useTimeline(job: string, file: Artifact): TimelineState {
  const [state, setState] = useState<TimelineState>({ timeline: null, fraction: 0, error: null });
  useEffect(() => {
    const controller = new AbortController();
    const update = (changes: Partial<TimelineState>): void => {
      if (!controller.signal.aborted) setState((previous) => ({ ...previous, ...changes }));
    };
    update({ timeline: null, fraction: 0, error: null });
    fetchTimeline(job, file, controller.signal, (fraction) => update({ fraction })).then(
      (timeline) => update({ timeline, fraction: 1 }),
      (error) => update({ error }),
    );
    return () => controller.abort();
  }, [job, file.generation]);
  return state;
}

async function fetchTimeline(
  job: string, file: Artifact, signal: AbortSignal, onProgress: (fraction: number) => void,
): Promise<Timeline> {
  const { url } = await resultLink(job, file);
  const response = await fetch(url, { signal });
  if (!response.ok || !response.body) throw new Error("The timeline could not be loaded.");
  const reader = new TimelineReader();
  const decoder = new TextDecoder();
  const chunks = response.body.getReader();
  for (let receivedBytes = 0; ; ) {
    const { done, value } = await chunks.read();
    if (done) break;
    receivedBytes += value.length;
    reader.push(decoder.decode(value, { stream: true }));
    onProgress(Math.min(1, receivedBytes / (file.size_bytes || 1)));
  }
  reader.push(decoder.decode());
  return reader.end();
}
