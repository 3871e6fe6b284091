/** Dialog that names a person in the video. */
import { useState } from "preact/hooks";
import { request } from "../api.ts";
import type { Job } from "../job/model.ts";
import { Field } from "../ui/field.tsx";
import { Button } from "../ui/button.tsx";
import { Panel } from "../ui/panel.tsx";
import { errorMessage } from "../format.ts";
import { useSubmit } from "../ui/use-submit.ts";

/** The limit of the API. */
const MAX_NAME_CHARS = 60;

export interface NameDialogProps {
  job: Job;
  faceId: number;
  onClose: () => void;
}

export function NameDialog({ job, faceId, onClose }: NameDialogProps) {
  const current = job.people[String(faceId)] ?? "";
  const [name, setName] = useState(current);
  const { busyLabel, error, run } = useSubmit();
  const save = (value: string): Promise<void> =>
    run("Saving …", async () => {
      const people = { [String(faceId)]: value.trim() || null };
      if (value.trim() !== current) await request("PATCH", `/v1/jobs/${job.id}`, { body: { people } });
      onClose();
    });
  return (
    <Panel title={`Name person ${faceId}`} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save(name);
        }}
      >
        <Field
          label="Name"
          hint="Visible to you only: not in downloads, share links, emails or webhooks."
          error={error === null ? undefined : errorMessage(error)}
        >
          {(ids) => (
            <input
              {...ids}
              value={name}
              maxLength={MAX_NAME_CHARS}
              autocomplete="off"
              autofocus
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="row">
          <Button kind="primary" type="submit" busyLabel={busyLabel}>
            Save
          </Button>
          {current && <Button onClick={() => void save("")}>Remove the name</Button>}
          <Button kind="quiet" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Panel>
  );
}
