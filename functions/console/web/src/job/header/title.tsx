/** The title of a job, with a form that changes it. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { request } from "../../api.ts";
import { LIMITS } from "../../contract.ts";
import { Button } from "../../ui/button.tsx";
import { useAction } from "../../ui/use-submit.ts";
import type { Job } from "../model.ts";

export interface TitleProps {
  job: Job;
  renaming: boolean;
  onRename: () => void;
  onDone: () => void;
}

export function JobTitle({ job, renaming, onRename, onDone }: TitleProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const wasRenaming = useRef(renaming);
  useEffect(() => {
    // The form had the focus, and is gone.
    if (wasRenaming.current && !renaming) heading.current?.focus();
    wasRenaming.current = renaming;
  }, [renaming]);
  if (renaming) return <TitleForm job={job} onDone={onDone} />;
  return (
    <div class="title-row">
      <h1 ref={heading} tabIndex={-1} title={job.title}>
        {job.title}
      </h1>
      <button type="button" class="quiet" onClick={onRename}>
        Rename
      </button>
    </div>
  );
}

function TitleForm({ job, onDone }: { job: Job; onDone: () => void }) {
  const [draft, setDraft] = useState(job.title);
  const { busyLabel, run } = useAction();
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
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
    <form class="title-form" onSubmit={submit}>
      <input
        aria-label="Title of the job"
        value={draft}
        maxLength={LIMITS.maxTitleChars}
        ref={input}
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
