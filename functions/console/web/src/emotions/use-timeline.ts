import { useEffect, useState } from "preact/hooks";
import { resultLink } from "../job/links.ts";
import type { Artefact } from "../job/model.ts";
import { type Timeline, TimelineReader } from "./timeline.ts";

export interface Reading {
  timeline: Timeline | null;
  /** How much of the file has come, 0 to 1. */
  part: number;
  wrong: unknown;
}

/** emotions.json of a job, read while it comes. */
export function useTimeline(job: string, one: Artefact): Reading {
  const [reading, setReading] = useState<Reading>({ timeline: null, part: 0, wrong: null });
  useEffect(() => {
    const over = new AbortController();
    const tell = (more: Partial<Reading>): void => {
      if (!over.signal.aborted) setReading((before) => ({ ...before, ...more }));
    };
    tell({ timeline: null, part: 0, wrong: null });
    read(job, one, over.signal, (part) => tell({ part })).then(
      (timeline) => tell({ timeline, part: 1 }),
      (wrong) => tell({ wrong }),
    );
    return () => over.abort();
  }, [job, one.generation]);
  return reading;
}

async function read(
  job: string, one: Artefact, signal: AbortSignal, tell: (part: number) => void,
): Promise<Timeline> {
  const { url } = await resultLink(job, one);
  const answer = await fetch(url, { signal });
  if (!answer.ok || !answer.body) throw new Error("The timeline could not be loaded.");
  const reader = new TimelineReader();
  const words = new TextDecoder();
  const blocks = answer.body.getReader();
  for (let come = 0; ; ) {
    const { done, value } = await blocks.read();
    if (done) break;
    come += value.length;
    reader.push(words.decode(value, { stream: true }));
    tell(Math.min(1, come / (one.size_bytes || 1)));
  }
  reader.push(words.decode());
  return reader.end();
}
