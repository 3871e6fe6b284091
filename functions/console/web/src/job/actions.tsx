/** What an owner may do to a job: name it, end it, delete it. */
import { useState } from "preact/hooks";
import { ask, post } from "../api.ts";
import { navigate } from "../router.tsx";
import { Box } from "../ui/box.tsx";
import { Button } from "../ui/button.tsx";
import { toast } from "../ui/toast.tsx";
import { sentence } from "../words.ts";
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
  const [busy, setBusy] = useState("");
  const keep = async (event: Event): Promise<void> => {
    event.preventDefault();
    const title = draft.trim();
    if (!title || title === job.title) return onDone();
    setBusy("Saving …");
    try {
      await ask("PATCH", `/v1/jobs/${job.id}`, { body: { title } });
      onDone();
    } catch (fault) {
      toast(sentence(fault), true);
    }
    setBusy("");
  };
  return (
    <form class="title" onSubmit={(event) => void keep(event)}>
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
  const [busy, setBusy] = useState("");
  const act = async (): Promise<void> => {
    setBusy(wish === "delete" ? "Deleting …" : "Cancelling …");
    try {
      if (wish === "delete") {
        await ask("DELETE", `/v1/jobs/${job.id}`);
        toast(`“${job.title}” is deleted.`);
        navigate("/", true);
        return;
      }
      await post(`/v1/jobs/${job.id}/cancel`);
      setWish("");
    } catch (fault) {
      toast(sentence(fault), true);
    }
    setBusy("");
  };
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
      {wish && (
        <Box
          title={wish === "delete" ? "Delete this job?" : "Cancel this job?"}
          onClose={() => setWish("")}
        >
          <p>
            {wish === "delete"
              ? "The job goes with its uploads, results, letters and links. Nobody can bring it back."
              : "It stops where it is. What is finished stays here; a cancelled job cannot go on later."}
          </p>
          <div class="row">
            <Button kind="danger" busy={busy} onClick={() => void act()}>
              {wish === "delete" ? "Delete it" : "Cancel the job"}
            </Button>
            <Button kind="quiet" onClick={() => setWish("")}>
              Keep it
            </Button>
          </div>
        </Box>
      )}
    </div>
  );
}
