/** A job whose files never came, as far as this browser knows: here they can be given. */
import { useEffect, useState } from "preact/hooks";
import { post } from "../api.ts";
import { typeOf } from "../new/files.ts";
import { useStore } from "../store.ts";
import { toast } from "../ui/toast.tsx";
import { add, uploads } from "../upload/uploads.ts";
import { sentence } from "../words.ts";
import type { Input, Job } from "./model.ts";

/** An upload that has just ended is not missing: the job hears of it a moment later. */
const PATIENCE_MS = 5_000;

export function Missing({ job }: { job: Job }) {
  const sending = useStore(uploads).some((one) => one.job === job.id);
  const waits = job.status === "awaiting_upload" && !sending;
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!waits) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [waits]);
  if (!waits || !late) return null;
  const files = job.inputs.filter((one) => one.name !== "prompt");
  return (
    <section class="note" aria-labelledby="missing">
      <h2 id="missing">Its files are still to come</h2>
      <p>
        {files.length
          ? "This browser is not sending them. If another one is, leave it to that; else choose them here."
          : "The words for it never arrived. Begin a new job with them."}
      </p>
      <div class="row">
        {files.map((one) => (
          <Chooser key={one.name} job={job} input={one} />
        ))}
        {files.length === 0 && (
          <a class="button primary" href={`/new/${job.recipe}`}>
            Begin a new job
          </a>
        )}
      </div>
    </section>
  );
}

function Chooser({ job, input }: { job: Job; input: Input }) {
  const give = async (file: File): Promise<void> => {
    const content_type = typeOf(file);
    const told = { filename: file.name, content_type, size_bytes: file.size };
    try {
      await post(`/v1/jobs/${job.id}/uploads/${input.name}`, { file: told });
      add(job.id, input.name, job.title, file, content_type);
    } catch (fault) {
      toast(sentence(fault), true);
    }
  };
  return (
    <label class="button">
      Choose {input.filename}
      <input
        type="file"
        class="unseen"
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          // So that the same file can be chosen once more.
          event.currentTarget.value = "";
          if (file) void give(file);
        }}
      />
    </label>
  );
}
