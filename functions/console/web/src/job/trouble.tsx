/** A job that failed: why, in a person's words, and what can be done. */
import { Problem, post } from "../api.ts";
import { typeOf } from "../new/files.ts";
import { Button } from "../ui/button.tsx";
import { useSending } from "../ui/use-submit.ts";
import { add } from "../upload/uploads.ts";
import { sentence } from "../words.ts";
import type { Failure, Input, Job } from "./model.ts";
import { remedy, stageName } from "./words.ts";

export function Trouble({ job, error }: { job: Job; error: Failure }) {
  const { busy, wrong, send } = useSending();
  const { again, advice } = remedy(error, job);
  const replaceable = error.stage === "upload_trigger" && job.inputs.some(isFile);
  const deck = job.artefacts.some((one) => one.kind === "deck");

  const redrive = () => post(`/v1/jobs/${job.id}/redrive`);
  const replace = async (file: File): Promise<void> => {
    const input = await placeFor(job, file);
    await redrive();
    add(job.id, input, job.title, file, typeOf(file));
  };

  return (
    <section class="note bad" aria-labelledby="why">
      <h2 id="why">{error.stage ? `“${stageName(error.stage)}” failed` : "The job failed"}</h2>
      <p>{error.message}</p>
      <p class="hint">
        {advice} <span class="code">{error.code}</span>
      </p>
      <div class="row">
        {again && (
          <Button kind="primary" busy={busy} onClick={() => void send("Starting again …", redrive)}>
            Try again
          </Button>
        )}
        {replaceable && (
          <label class={busy ? "button primary busy" : "button primary"}>
            {busy || "Choose another file"}
            <input
              type="file"
              class="unseen"
              disabled={Boolean(busy)}
              onChange={(event) => {
                const [file] = event.currentTarget.files ?? [];
                event.currentTarget.value = "";
                if (file) void send("Beginning …", () => replace(file));
              }}
            />
          </label>
        )}
        {again && deck && (
          <a class="button" href={`/jobs/${job.id}/deck`}>
            Edit the deck
          </a>
        )}
        {!again && !replaceable && (
          <a class="button primary" href={`/new/${job.recipe}`}>
            Begin a new job
          </a>
        )}
      </div>
      {wrong !== null && (
        <p class="wrong" role="alert">
          {sentence(wrong)}
        </p>
      )}
    </section>
  );
}

/** A prompt is written, not chosen. */
const isFile = (one: Input): boolean => one.name !== "prompt";

const kindOf = (type: string): string => type.split("/")[0] as string;

/** Which input another file is for: the API knows whose upload was refused, and takes none for others. */
async function placeFor(job: Job, file: File): Promise<string> {
  const content_type = typeOf(file);
  const body = { file: { filename: file.name, content_type, size_bytes: file.size } };
  const alike = (one: Input) => Number(kindOf(one.content_type) !== kindOf(content_type));
  const inputs = job.inputs.filter(isFile).sort((one, other) => alike(one) - alike(other));
  let refused: unknown;
  for (const { name } of inputs) {
    try {
      await post(`/v1/jobs/${job.id}/uploads/${name}`, body);
      return name;
    } catch (fault) {
      if (!(fault instanceof Problem) || fault.status >= 500) throw fault;
      refused ??= fault;
    }
  }
  throw refused;
}
