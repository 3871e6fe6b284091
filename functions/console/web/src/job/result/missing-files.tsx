/** Shown for a job whose files this browser is not uploading: they can be chosen here. */
import { useEffect, useState } from "preact/hooks";
import { post } from "../../api.ts";
import { typeOf } from "../../new/files.ts";
import { useStore } from "../../store.ts";
import { toast } from "../../ui/toast.tsx";
import { addUpload, uploads } from "../../upload/uploads.ts";
import { errorMessage } from "../../format.ts";
import type { Input, Job } from "../model.ts";

/** The job learns of a finished upload a moment later. */
const GRACE_MS = 5_000;

export function MissingFiles({ job }: { job: Job }) {
  const uploading = useStore(uploads).some((upload) => upload.job === job.id);
  const isMissing = job.status === "awaiting_upload" && !uploading;
  const [graceOver, setGraceOver] = useState(false);
  useEffect(() => {
    setGraceOver(false);
    if (!isMissing) return;
    const timer = setTimeout(() => setGraceOver(true), GRACE_MS);
    return () => clearTimeout(timer);
  }, [isMissing]);
  if (!isMissing || !graceOver) return null;
  const fetched = job.inputs.filter((input) => input.fetch);
  const files = job.inputs.filter((input) => input.name !== "prompt" && !input.fetch);
  // `Fetches` shows them.
  if (fetched.length && !files.length) return null;
  return (
    <section class="note" aria-labelledby="missing">
      <h2 id="missing">Files are missing</h2>
      <p>
        {files.length
          ? "This browser is not uploading them. If no other browser is, choose them here."
          : "The source material did not arrive. Create a new job with it."}
      </p>
      <div class="row">
        {files.map((input) => (
          <FileChooser key={input.name} job={job} input={input} />
        ))}
        {files.length === 0 && (
          <a class="button primary" href={`/new/${job.recipe}`}>
            New job
          </a>
        )}
      </div>
    </section>
  );
}

function FileChooser({ job, input }: { job: Job; input: Input }) {
  const submit = async (file: File): Promise<void> => {
    const content_type = typeOf(file);
    const metadata = { filename: file.name, content_type, size_bytes: file.size };
    try {
      await post(`/v1/jobs/${job.id}/uploads/${input.name}`, { file: metadata });
      addUpload(job.id, input.name, job.title, file, content_type);
    } catch (error) {
      toast(errorMessage(error), true);
    }
  };
  return (
    <label class="button">
      Choose {input.filename}
      <input
        type="file"
        class="visually-hidden"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          // Allows choosing the same file again.
          event.currentTarget.value = "";
          if (file) void submit(file);
        }}
      />
    </label>
  );
}
