/** Creates a job and queues its uploads. */
import { post } from "../api.ts";
import { PROMPT_SEPARATOR } from "../contract.ts";
import { addUpload } from "../upload/uploads.ts";
import { type AssignedFile, typeOf } from "./files.ts";

export interface NewJobRequest {
  recipe: string;
  title: string;
  options: Record<string, string | boolean>;
  files: readonly AssignedFile<File>[];
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
      { filename: entry.file.name, content_type: typeOf(entry.file), size_bytes: entry.file.size },
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
