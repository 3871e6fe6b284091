/** Actions on a job: rename, cancel, delete. */
import { useEffect, useRef, useState } from "preact/hooks";
import { post, request } from "../api.ts";
import { LIMITS } from "../contract.ts";
import { navigate } from "../location.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useAction } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { type Job, TERMINAL } from "./model.ts";


export interface TitleProps {
  job: Job;
  renaming: boolean;
  onDone: () => void;
}

export function JobTitle({ job, renaming, onDone }: TitleProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const wasRenaming = useRef(renaming);
  useEffect(() => {
    // The form had the focus, and is gone.
    if (wasRenaming.current && !renaming) heading.current?.focus();
    wasRenaming.current = renaming;
  }, [renaming]);
  if (renaming) return <TitleForm job={job} onDone={onDone} />;
  return (
    <h1 ref={heading} tabIndex={-1}>
      {job.title}
    </h1>
  );
}

function TitleForm({ job, onDone }: Omit<TitleProps, "renaming">) {
  const [draft, setDraft] = useState(job.title);
  const { busyLabel, run } = useAction();
  const submit = (event: Event): void => {
    event.preventDefault();
    const title = draft.trim();
    if (!title || title === job.title) return onDone();
    void run("Saving …", async () => {
      await request("PATCH", `/v1/jobs/${job.id}`, { body: { title } });
      onDone();
    });
  };
  return (
    <form class="title" onSubmit={submit}>
      <input
        aria-label="The job's title"
        value={draft}
        maxLength={LIMITS.maxTitleChars}
        autofocus
        onFocus={(event) => event.currentTarget.select()}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && onDone()}
      />
      <Button type="submit" kind="primary" busyLabel={busyLabel}>
        Save
      </Button>
      <Button kind="quiet" onClick={onDone}>
        Cancel
      </Button>
    </form>
  );
}

type Dialog = "" | "cancel" | "delete";

export function JobActions({ job, onRename }: { job: Job; onRename: () => void }) {
  const [dialog, setDialog] = useState<Dialog>("");
  const { busyLabel, run } = useAction();
  const cancelJob = (): Promise<void> =>
    run("Cancelling …", async () => {
      await post(`/v1/jobs/${job.id}/cancel`);
      setDialog("");
    });
  const deleteJob = (): Promise<void> =>
    run("Deleting …", async () => {
      await request("DELETE", `/v1/jobs/${job.id}`);
      toast(`“${job.title}” is deleted.`);
      navigate("/", true);
    });
  return (
    <div class="row">
      {!TERMINAL.includes(job.status) && (
        <button type="button" onClick={() => setDialog("cancel")}>
          Cancel the job
        </button>
      )}
      <button type="button" class="quiet" onClick={onRename}>
        Rename
      </button>
      <button type="button" class="quiet" onClick={() => setDialog("delete")}>
        Delete
      </button>
      {dialog === "cancel" && (
        <Confirm
          title="Cancel this job?"
          confirmLabel="Cancel the job"
          busyLabel={busyLabel}
          onConfirm={cancelJob}
          onClose={() => setDialog("")}
        >
          It stops where it is. What is finished stays here; a cancelled job cannot go on later.
        </Confirm>
      )}
      {dialog === "delete" && (
        <Confirm
          title="Delete this job?"
          confirmLabel="Delete it"
          busyLabel={busyLabel}
          onConfirm={deleteJob}
          onClose={() => setDialog("")}
        >
          The job goes with its uploads, results, letters and links. Nobody can bring it back.
        </Confirm>
      )}
    </div>
  );
}
