/** The settings with which a job runs, and a button that copies them as JSON. */
import { Button } from "../../ui/button.tsx";
import { useAction } from "../../ui/use-submit.ts";
import { toast } from "../../ui/toast.tsx";
import type { Job } from "../model.ts";
import { optionRows } from "./option-values.ts";

export function Options({ job }: { job: Job }) {
  const { busyLabel, run } = useAction();
  const rows = optionRows(job);
  const copy = (): Promise<void> =>
    run("Copying …", async () => {
      const request = { recipe: job.recipe, options: job.options };
      await navigator.clipboard.writeText(JSON.stringify(request, null, 2));
      toast("The settings are copied as JSON.");
    });
  if (!rows.length) return <p class="hint">This job has no settings.</p>;
  return (
    <>
      <dl class="job-options">
        {rows.map(({ name, label, value }) => (
          <div key={name} title={name}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>
        <Button busyLabel={busyLabel} onClick={() => void copy()}>
          Copy as JSON
        </Button>
      </p>
    </>
  );
}
