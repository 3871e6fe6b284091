/** Creates a job and queues its uploads. Files at links are fetched by the service. */
import { post } from "../api.ts";
import { PROMPT_SEPARATOR } from "../contract.ts";
import { addUpload } from "../upload/uploads.ts";
import type { ChosenFile } from "./drop-zone.tsx";
import { type AssignedFile, typeOf } from "./files.ts";
import { isLink } from "./links.ts";

export interface NewJobRequest {
  recipe: string;
  title: string;
  options: Record<string, string | boolean>;
  files: readonly AssignedFile<ChosenFile>[];
  /** Text of the input `prompt`; empty for recipes without one. */
  prompt: string;
  sourceText: string;
  /** The id of the job whose files are used for inputs without a file; empty for none. */
  from?: string;
  /** The same key for every retry: the job is created once. */
  idempotencyKey: string;
}

/** Returns the id of the new job. Throws Problem. */
export async function createJob(newJob: NewJobRequest): Promise<string> {
  const text = newJob.sourceText.trim() ? newJob.prompt + PROMPT_SEPARATOR + newJob.sourceText : newJob.prompt;
  const prompt = text ? [{ input: "prompt", file: new File([text], "prompt.txt", { type: "text/plain" }) }] : [];
  const files = [...prompt, ...newJob.files];
  const inputs = Object.fromEntries(
    files.map((entry) => [
      entry.input,
      isLink(entry.file)
        ? { url: entry.file.url }
        : { filename: entry.file.name, content_type: typeOf(entry.file), size_bytes: entry.file.size },
    ]),
  );
  const body = {
    recipe: newJob.recipe,
    options: newJob.options,
    inputs,
    ...(newJob.title ? { title: newJob.title } : {}),
    ...(newJob.from ? { from: newJob.from } : {}),
  };
  const { data } = await post<{ job: { id: string; title: string } }>("/v1/jobs", body, {
    idempotencyKey: newJob.idempotencyKey,
  });
  for (const entry of files) {
    if (isLink(entry.file)) continue;
    addUpload(
      data.job.id,
      entry.input,
      data.job.title,
      entry.file,
      typeOf(entry.file),
      entry.input === "prompt" ? text : "",
    );
  }
  return data.job.id;
}
