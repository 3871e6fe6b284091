/** The error of a failed job and the actions that may help. */
import { Problem, post } from "../../api.ts";
import { typeDistance, typeOf } from "../../new/files.ts";
import { Button } from "../../ui/button.tsx";
import { useSubmit } from "../../ui/use-submit.ts";
import { addUpload } from "../../upload/uploads.ts";
import { errorMessage } from "../../format.ts";
import type { Failure, Input, Job } from "../model.ts";
import { remedy, stageLabel } from "../labels.ts";

export function JobFailure({ job, error }: { job: Job; error: Failure }) {
  const { busyLabel, error: submitError, run } = useSubmit();
  const { retryable, advice } = remedy(error, job);
  const replaceable = error.stage === "upload_trigger" && job.inputs.some(isFileInput);
  const hasDeck = job.artifacts.some((artifact) => artifact.kind === "deck");

  const redrive = () => post(`/v1/jobs/${job.id}/redrive`);
  const replace = async (file: File): Promise<void> => {
    const input = await registerFile(job, file);
    await redrive();
    addUpload(job.id, input, job.title, file, typeOf(file));
  };

  return (
    <section class="note danger" aria-labelledby="why">
      <h2 id="why">{error.message}</h2>
      <p>{advice}</p>
      <div class="row">
        {retryable && (
          <Button kind="primary" busyLabel={busyLabel} onClick={() => void run("Starting again …", redrive)}>
            Try again
          </Button>
        )}
        {replaceable && (
          <label class={busyLabel ? "button primary busy" : "button primary"}>
            {busyLabel || "Choose another file"}
            <input
              type="file"
              class="visually-hidden"
              disabled={Boolean(busyLabel)}
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                event.currentTarget.value = "";
                if (file) void run("Starting …", () => replace(file));
              }}
            />
          </label>
        )}
        {retryable && hasDeck && (
          <a class="button" href={`/jobs/${job.id}/deck`}>
            Edit slides
          </a>
        )}
        {!retryable && !replaceable && (
          <a class="button primary" href={`/new/${job.recipe}`}>
            New job
          </a>
        )}
      </div>
      <p class="hint">
        {error.stage ? `${stageLabel(error.stage)} failed` : "The job failed"} · code{" "}
        <span class="code">{error.code}</span>
      </p>
      {submitError !== null && (
        <p class="error-text" role="alert">
          {errorMessage(submitError)}
        </p>
      )}
    </section>
  );
}

/** Prompts are typed, not chosen. */
const isFileInput = (input: Input): boolean => input.name !== "prompt";

/**
 * Registers a replacement file and returns its input. Only the API knows which upload was rejected, so inputs
 * are tried in turn.
 */
async function registerFile(job: Job, file: File): Promise<string> {
  const content_type = typeOf(file);
  const body = { file: { filename: file.name, content_type, size_bytes: file.size } };
  const distance = (input: Input): number => typeDistance(content_type, input.content_type);
  const inputs = job.inputs.filter(isFileInput).sort((a, b) => distance(a) - distance(b));
  let firstError: unknown;
  for (const { name } of inputs) {
    try {
      await post(`/v1/jobs/${job.id}/uploads/${name}`, body);
      return name;
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      firstError ??= error;
    }
  }
  throw firstError;
}
