/** Reads the job whose files, and options, a new job takes over. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../api.ts";
import { errorMessage } from "../format.ts";
import { inputLink } from "../job/links.ts";
import type { SourceJob } from "./source-job.ts";

export interface SourceResult {
  /** Undefined while loading; null without an id. */
  source: SourceJob | null | undefined;
  promptText: string;
  error: string;
}

export function useSourceJob(id: string | null): SourceResult {
  const [result, setResult] = useState<SourceResult>({ source: id ? undefined : null, promptText: "", error: "" });
  useEffect(() => {
    setResult({ source: id ? undefined : null, promptText: "", error: "" });
    if (!id) return;
    let cancelled = false;
    loadSource(id).then(
      (loaded) => {
        if (!cancelled) setResult({ ...loaded, error: "" });
      },
      (error: unknown) => {
        if (!cancelled) setResult({ source: null, promptText: "", error: errorMessage(error) });
      },
    );
    return () => {
      cancelled = true;
    };
  }, [id]);
  return result;
}

async function loadSource(id: string): Promise<{ source: SourceJob; promptText: string }> {
  const { data: source } = await get<SourceJob>(`/v1/jobs/${encodeURIComponent(id)}`);
  if (!source.inputs.some(({ name }) => name === "prompt")) return { source, promptText: "" };
  // Without the prompt, whose upload may have expired, the field is empty.
  const promptText = await inputLink(id, "prompt")
    .then(({ url }) => fetch(url))
    .then((response) => (response.ok ? response.text() : ""))
    .catch(() => "");
  return { source, promptText };
}
