/** Makes a job out of the sample clip with one click. */
import { Play } from "lucide";
import { useState } from "preact/hooks";
import { newIdempotencyKey } from "../api.ts";
import { navigate } from "../location.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { useAction } from "../ui/use-submit.ts";
import { createSampleJob } from "./sample.ts";

export function SampleButton() {
  const { busyLabel, run } = useAction();
  // One key for all tries: a repeated request creates no second job.
  const [idempotencyKey] = useState(newIdempotencyKey);
  return (
    <Button
      kind="primary"
      busyLabel={busyLabel}
      onClick={() =>
        void run("Starting the sample …", async () => {
          const id = await createSampleJob(idempotencyKey);
          navigate(`/jobs/${id}`);
        })
      }
    >
      <Icon icon={Play} size={16} /> Try it with a sample clip
    </Button>
  );
}
