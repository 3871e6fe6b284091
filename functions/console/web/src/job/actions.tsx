/** What an owner may do to a job: name it, end it, delete it. */
import { useState } from "preact/hooks";
import { ask, post } from "../api.ts";
import { navigate } from "../location.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useDeed } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { type Job, TERMINAL } from "./model.ts";

const TITLE_CHARS = 200;

export interface TitleProps {
  job: Job;
  renaming: boolean;
  onDone: () => void;
}

export function Title({ job, renaming, onDone }: TitleProps) {
  return renaming ? <Renaming job={job} onDone={onDone} /> : <h1>{job.title}</h1>;
}

function Renaming({ job, onDone }: Omit<TitleProps, "renaming">) {
  const [draft, setDraft] = useState(job.title);
  const { busy, send } = useDeed();
  const keep = (event: Event): void => {
    event.preventDefault();
    const title = draft.trim();
    if (!title || title === job.title) return onDone();
    void send("Saving …", async () => {
      await ask("PATCH", `/v1/jobs/${job.id}`, { body: { title } });
      onDone();
    });
  };
  return (
    <form class="title" onSubmit={keep}>
      <input
        aria-label="The job's title"
        value={draft}
        maxLength={TITLE_CHARS}
        autofocus
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && onDone()}
      />
      <Button type="submit" kind="primary" busy={busy}>
        Save
      </Button>
    </form>
  );
}

type Wish = "" | "cancel" | "delete";

export function Actions({ job, onRename }: { job: Job; onRename: () => void }) {
  const [wish, setWish] = useState<Wish>("");
  const { busy, send } = useDeed();
  const cancel = (): Promise<void> =>
    send("Cancelling …", async () => {
      await post(`/v1/jobs/${job.id}/cancel`);
      setWish("");
    });
  const remove = (): Promise<void> =>
    send("Deleting …", async () => {
      await ask("DELETE", `/v1/jobs/${job.id}`);
      toast(`“${job.title}” is deleted.`);
      navigate("/", true);
    });
  return (
    <div class="row">
      {!TERMINAL.includes(job.status) && (
        <button type="button" onClick={() => setWish("cancel")}>
          Cancel the job
        </button>
      )}
      <button type="button" class="quiet" onClick={onRename}>
        Rename
      </button>
      <button type="button" class="quiet" onClick={() => setWish("delete")}>
        Delete
      </button>
      {wish === "cancel" && (
        <Confirm title="Cancel this job?" deed="Cancel the job" busy={busy} onDeed={cancel} onClose={() => setWish("")}>
          It stops where it is. What is finished stays here; a cancelled job cannot go on later.
        </Confirm>
      )}
      {wish === "delete" && (
        <Confirm title="Delete this job?" deed="Delete it" busy={busy} onDeed={remove} onClose={() => setWish("")}>
          The job goes with its uploads, results, letters and links. Nobody can bring it back.
        </Confirm>
      )}
    </div>
  );
}
