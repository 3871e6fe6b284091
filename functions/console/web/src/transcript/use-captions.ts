import { useEffect, useState } from "preact/hooks";
import { type Cue, parseCues } from "../film/cues.ts";
import { resultText } from "../job/links.ts";
import type { Artifact } from "../job/model.ts";
import { type Transcript, parseTranscript } from "./transcript.ts";

export interface CaptionsState {
  cues: Cue[];
  transcript: Transcript | null;
  error: unknown;
}

/** Downloads and parses a job's captions and transcript. */
export function useCaptions(job: string, captions: Artifact, transcript: Artifact): CaptionsState {
  const [state, setState] = useState<CaptionsState>({ cues: [], transcript: null, error: null });
  useEffect(() => {
    let cancelled = false;
    setState({ cues: [], transcript: null, error: null });
    const load = async (): Promise<CaptionsState> => {
      const [vtt, json] = await Promise.all([resultText(job, captions), resultText(job, transcript)]);
      return { cues: parseCues(vtt), transcript: parseTranscript(json), error: null };
    };
    load()
      .catch((error: unknown) => ({ cues: [], transcript: null, error }))
      .then((loaded) => cancelled || setState(loaded));
    return () => {
      cancelled = true;
    };
  }, [job, captions.generation, transcript.generation]);
  return state;
}
